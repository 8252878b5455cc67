package import ChatProtocol

/// Posts webhooks to the applications' backends: the port behind which HTTP stands.
package protocol WebhookSender: Sendable {
    /// Posts a request and waits for its reply, at most ``WebhookRequest/timeout`` in all.
    ///
    /// No redirect is followed, and no address outside the allowed ranges is talked to.
    func post(_ request: WebhookRequest) async -> WebhookOutcome
}

/// One attempt to tell a backend of an event.
package struct WebhookRequest: Sendable, Equatable {
    /// From the connection to the last byte of the reply (spec/webhooks-official-channels.md section 1).
    package static let timeout = Duration.seconds(2)

    /// Whose backend is asked or told: one application's connections are no other's.
    package let application: SDKAppID
    /// With the query string.
    package let url: String
    package internal(set) var headers: [Header]
    package let body: [UInt8]

    package struct Header: Sendable, Equatable {
        package let name: String
        package let value: String

        package init(_ name: String, _ value: String) {
            (self.name, self.value) = (name, value)
        }
    }

    package init(application: SDKAppID, url: String, headers: [Header], body: [UInt8]) {
        (self.application, self.url, self.headers, self.body) = (application, url, headers, body)
    }
}

/// What came of an attempt.
package enum WebhookOutcome: Sendable, Equatable {
    case replied(WebhookReply)
    /// Nothing, or not everything, within ``WebhookRequest/timeout``.
    case timedOut
    /// No reply for another reason, in words for the delivery log: refused connection, name not found, address not
    /// allowed, TLS, a connection that was closed.
    case failed(String)
    /// This server stops: nothing is known of it, and nobody is to blame.
    case cancelled
}

/// What a backend answered.
package struct WebhookReply: Sendable, Equatable {
    /// The longest reply that is read, in bytes.
    package static let longest = 65_536

    /// The HTTP status of a webhook that was taken, whatever the reply says.
    package static let delivered = 200

    /// The HTTP status.
    package let status: Int
    /// Empty when the reply was longer than ``longest``.
    package let body: [UInt8]
    /// Whether the reply ended within ``longest``.
    package let isWhole: Bool

    package init(status: Int, body: [UInt8], isWhole: Bool = true) {
        (self.status, self.body, self.isWhole) = (status, body, isWhole)
    }
}
