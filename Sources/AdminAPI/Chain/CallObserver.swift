package import ChatProtocol

/// Watches the calls, and may put a fault in their way: the emulator's seam.
package protocol CallObserver: Sendable {
    /// Asked after authentication and when the body is there, before the command does anything; may take its time.
    ///
    /// - Returns: the fault to answer with, nil to let the call go on.
    func fault(for command: String) async -> ChatError?

    /// Told of every call when it is answered.
    func answered(_ call: AnsweredCall)
}

/// A call and its reply, without its UserSig.
package struct AnsweredCall: Sendable {
    package var requestID: String
    package var method: String
    package var path: String
    package var address: String
    /// As the URL says; nil when it does not.
    package var application: String?
    package var identifier: String?
    package var body: [UInt8] = []
    package var reply: [UInt8] = []
    package var code = ErrorCode.ok

    package init(requestID: String, method: String, path: String, address: String) {
        (self.requestID, self.method, self.path, self.address) = (requestID, method, path, address)
    }
}
