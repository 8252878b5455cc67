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
    package var isEmpty: Bool {
        name == nil && plan == nil && isEnabled == nil && channelServiceIsEnabled == nil
            && channelServiceExpiresAt == nil && ownLimits.isEmpty && webhooks == WebhookChange()
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
}
