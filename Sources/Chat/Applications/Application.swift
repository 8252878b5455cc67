package import ChatProtocol

/// A tenant, as it was when it was loaded: everything belongs to exactly one application.
///
/// A class, because every call hands it from room to room.
package final class Application: Sendable {
    /// A secret that UserSigs are made with.
    package struct Key: Sendable, Equatable {
        package let text: String
        package let createdAt: Timestamp
    }

    /// At most so many keys at once: the new one and the one that it replaces.
    package static let mostKeys = 2

    package let id: SDKAppID
    package let name: String
    /// A disabled application answers every call with 60016.
    package let isEnabled: Bool
    package let plan: Plan
    /// Limits of the application's own, in place of its plan's.
    package let ownLimits: [Limits.Name: Int64]
    /// The limits in force: the plan's, the application's own, and those that this process was started with.
    package let limits: Limits
    /// Oldest first.
    package let keys: [Key]
    package let admins: Set<UserID>
    package let channelServiceIsEnabled: Bool
    /// When the channel service ends; nil leaves it to `officialChannelDays`.
    package let channelServiceExpiresAt: Timestamp?
    package let webhooks: WebhookSettings
    package let createdAt: Timestamp

    init(
        id: SDKAppID,
        name: String,
        isEnabled: Bool,
        plan: Plan,
        ownLimits: [Limits.Name: Int64],
        limits: Limits,
        keys: [Key],
        admins: Set<UserID>,
        channelServiceIsEnabled: Bool,
        channelServiceExpiresAt: Timestamp?,
        webhooks: WebhookSettings,
        createdAt: Timestamp
    ) {
        (self.id, self.name, self.isEnabled, self.plan) = (id, name, isEnabled, plan)
        (self.ownLimits, self.limits, self.keys, self.admins) = (ownLimits, limits, keys, admins)
        self.channelServiceIsEnabled = channelServiceIsEnabled
        self.channelServiceExpiresAt = channelServiceExpiresAt
        (self.webhooks, self.createdAt) = (webhooks, createdAt)
    }

    /// The first moment without the channel service; nil when there is none.
    package var channelServiceEnd: Timestamp? {
        channelServiceExpiresAt ?? limits.channelServiceEnd(since: createdAt)
    }

    /// Refuses when the application is switched off.
    ///
    /// - Throws: 60016.
    package func demandEnabled() throws(ChatError) {
        guard isEnabled else {
            throw ChatError(
                .applicationDisabled,
                "Application \(id) is disabled; enable it with `rostrum app set \(id) --enable-serving`."
            )
        }
    }

    /// Refuses unless the channel service is switched on and has not ended.
    ///
    /// - Throws: 131000.
    package func demandChannelService(at now: Timestamp) throws(ChatError) {
        guard channelServiceIsEnabled else {
            throw ChatError(
                .channelServiceDisabled,
                "The official channel service of application \(id) is off; `rostrum app set \(id) --channel-service on` switches it on."
            )
        }
        if let end = channelServiceEnd, now >= end {
            throw ChatError(
                .channelServiceDisabled,
                "The official channel service of application \(id) has ended; `rostrum app set \(id) --channel-service-expires TIME` extends it."
            )
        }
    }
}
