import ChatProtocol

/// A change made from outside the API: by an operator on the command line or in the console, or by the server itself.
package struct Operation: Sendable {
    /// Who, such as `cli:alice` or `operator:alice`.
    package let performer: String
    /// The IP address he is at, empty where there is none.
    package let address: String
    package let time: Timestamp
    /// Unique to this change.
    package let id: String

    package init(performer: String, address: String = "", time: Timestamp, random: any RandomSource) {
        (self.performer, self.address, self.time) = (performer, address, time)
        id = random.hex(bytes: 12)
    }

    /// - Parameter step: of an operation that makes several changes, which of them.
    func entry(_ action: String, of application: SDKAppID, step: Int = 0) -> AuditEntry {
        AuditEntry(
            time: time,
            requestID: step == 0 ? id : "\(id)-\(step)",
            caller: performer,
            address: address,
            action: "app \(action)",
            target: String(application.rawValue)
        )
    }
}
