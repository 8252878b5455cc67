package import ChatProtocol

/// Where and how an application wants to hear of events.
///
/// Source: spec/webhooks-official-channels.md section 1, design section 5.
package struct WebhookSettings: Sendable, Equatable {
    /// What happens to an operation whose "before" webhook did not answer in time.
    package enum TimeoutPolicy: String, CaseIterable, Sendable {
        case allow, deny
    }

    /// When an "after" webhook that was not taken is sent again.
    package enum Retry: String, CaseIterable, Sendable {
        /// After every failure, for 24 h.
        case on
        /// After a timeout only, three times, as the hosted service's console offers.
        case timeout
        /// Never, as the hosted service does by default.
        case off
    }

    /// Nil when none is set: no webhook is called.
    package var url: WebhookURL?
    /// Those that are switched on.
    package var commands: Set<WebhookCommand> = []
    /// The text that `Sign` is made with; empty switches `Sign` off.
    package var token = ""
    /// The key of `X-Rostrum-Signature`.
    package var secret: String
    package var timeoutPolicy = TimeoutPolicy.allow
    package var retry = Retry.on

    /// The longest token, in bytes.
    package static let longestToken = 256

    package init(secret: String) {
        self.secret = secret
    }

    /// Whether the application wants to hear of it.
    package func wants(_ command: WebhookCommand) -> Bool {
        url != nil && commands.contains(command)
    }
}
