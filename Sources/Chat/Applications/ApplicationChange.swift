package import ChatProtocol

/// An application to be made.
package struct NewApplication: Sendable {
    package let id: SDKAppID
    package let name: String
    package let plan: Plan
    /// The text that UserSigs will be made with.
    package let key: String
    /// App admins, imported with it.
    package let admins: [UserID]
    /// Other accounts that are imported with it.
    package let accounts: [UserID]
    package let webhookSecret: String

    package init(
        id: SDKAppID,
        name: String,
        plan: Plan,
        key: String,
        admins: [UserID],
        accounts: [UserID] = [],
        webhookSecret: String
    ) {
        (self.id, self.name, self.plan) = (id, name, plan)
        (self.key, self.admins, self.accounts, self.webhookSecret) = (key, admins, accounts, webhookSecret)
    }

    /// The longest name, in bytes.
    package static let longestName = 150
    /// The longest key, in bytes; the hosted service's are 64.
    package static let longestKey = 256

    /// A new key of the form that the hosted service gives: 64 hexadecimal digits.
    package static func makeKey(_ random: any RandomSource) -> String {
        random.hex(bytes: 32)
    }
}

/// What shall be different about an application; nil leaves a thing as it is.
package struct ApplicationChange: Sendable {
    package var name: String?
    package var plan: Plan?
    package var isEnabled: Bool?
    package var channelServiceIsEnabled: Bool?
    /// The outer nil leaves it; the inner one hands the matter back to `officialChannelDays`.
    package var channelServiceExpiresAt: Timestamp??
    /// Limits of the application's own; nil gives one back to the plan.
    package var ownLimits: [Limits.Name: Int64?] = [:]
    package var webhooks = WebhookChange()

    package init() {}

    /// Whether nothing shall be different.
    package var isEmpty: Bool { parts.isEmpty }

    /// What shall be different, as the audit names it: switches, limits and the end (in Unix seconds) with their values, of the
    /// rest that it is.
    var parts: [String] {
        func part<Value>(_ name: String, _ value: Value?, _ text: (Value) -> String? = { _ in nil }) -> String? {
            value.map { value in text(value).map { "\(name)=\($0)" } ?? name }
        }
        func onOrOff(_ isOn: Bool) -> String { isOn ? "on" : "off" }
        let settings = [
            part("name", name),
            part("plan", plan) { $0.rawValue },
            part("serving", isEnabled, onOrOff),
            part("channel-service", channelServiceIsEnabled, onOrOff),
            part("channel-service-end", channelServiceExpiresAt) { $0.map { "\($0.seconds)" } ?? "default" },
        ]
        let limits = ownLimits.map { name, value in "\(name.rawValue)=\(value.map(String.init) ?? "default")" }.sorted()
        return settings.compactMap(\.self) + limits + webhooks.parts
    }
}

/// What shall be different about an application's webhooks; nil leaves a thing as it is.
package struct WebhookChange: Sendable, Equatable {
    /// The inner nil takes the URL away: no webhook is called then.
    package var url: WebhookURL??
    /// The whole set of those that are on.
    package var commands: Set<WebhookCommand>?
    /// Empty switches `Sign` off.
    package var token: String?
    package var timeoutPolicy: WebhookSettings.TimeoutPolicy?
    package var retry: WebhookSettings.Retry?

    package init() {}

    /// What shall be different, as the audit names it; neither the URL, which may have a secret in it, nor the token.
    var parts: [String] {
        [
            url.map { $0 == nil ? "webhook-url=none" : "webhook-url" },
            commands.map { _ in "webhook-commands" },
            token.map { _ in "webhook-token" },
            timeoutPolicy.map { "webhook-timeout-policy=\($0.rawValue)" },
            retry.map { _ in "webhook-retry" },
        ].compactMap(\.self)
    }
}
