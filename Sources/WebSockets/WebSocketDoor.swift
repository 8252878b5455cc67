package import NIOCore
package import NIOHTTP1

/// Decides about requests to upgrade to WebSocket.
package protocol WebSocketDoor: Sendable {
    /// Called on the connection's event loop for each request to upgrade, well-formed as RFC 6455 section 4.2.1 has it.
    ///
    /// The peer waits at most ``UpgradeGate/longestDecision``. Nothing may be held for the connection before `makeReceiver`
    /// is called: a peer may be gone by the time of the decision, and then it never is.
    func decide(_ request: UpgradeRequest, on eventLoop: any EventLoop) -> EventLoopFuture<UpgradeDecision>

    /// What a peer is told for whom there is no decision: it failed, took too long, or the server stops meanwhile.
    func unavailable(_ request: UpgradeRequest) -> UpgradeDecision
}

extension WebSocketDoor {
    /// An empty HTTP 503.
    package func unavailable(_ request: UpgradeRequest) -> UpgradeDecision {
        .refuse(status: .serviceUnavailable, headers: [:], body: [])
    }
}

/// What a door knows of who wants to come in.
package struct UpgradeRequest: Sendable {
    /// The path and the query as they stand in the request.
    package let uri: String
    package let headers: HTTPHeaders
    /// The IP address at the other end of the connection; `""` when it is not known.
    package let peer: String
    /// Whether the connection is TLS.
    package let isSecure: Bool

    package init(uri: String, headers: HTTPHeaders, peer: String, isSecure: Bool) {
        (self.uri, self.headers, self.peer, self.isSecure) = (uri, headers, peer, isSecure)
    }
}

package enum UpgradeDecision: Sendable {
    /// - Parameters:
    ///   - subprotocol: one of those that the request offers.
    ///   - makeReceiver: called on the event loop when the upgrade is done, and only then.
    case accept(subprotocol: String?, makeReceiver: @Sendable () -> any WebSocketReceiver)
    /// An ordinary HTTP answer; the connection is closed after it.
    case refuse(status: HTTPResponseStatus, headers: HTTPHeaders, body: [UInt8])
    /// Accepted, then closed at once: for browsers, which cannot read a refusal.
    case acceptAndClose(subprotocol: String?, code: WebSocketCloseCode, reason: String)
}
