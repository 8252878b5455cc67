import ChatProtocol
import Database

extension ApplicationTable {
    /// Makes an application of its line in an archive, switched off, under a number that is free.
    ///
    /// - Parameters:
    ///   - key: the one that it gets when the archive has none.
    ///   - webhookSecret: likewise.
    func add(
        _ archived: ArchivedApplication,
        as id: SDKAppID,
        otherwise key: String,
        webhookSecret: String,
        in tx: any Transaction
    ) throws(ChatError) {
        let secrets = archived.secrets
        let new = NewApplication(
            id: id,
            name: archived.name,
            plan: archived.plan,
            key: key,
            admins: archived.admins,
            webhookSecret: secrets?.webhookSecret ?? webhookSecret
        )
        _ = try insert(new, at: archived.createdAt, in: tx)
        var change = ApplicationChange()
        change.isEnabled = false
        change.channelServiceIsEnabled = archived.channelServiceIsEnabled
        change.channelServiceExpiresAt = .some(archived.channelServiceExpiresAt)
        change.ownLimits = archived.ownLimits.mapValues(Optional.some)
        change.webhooks.url = .some(archived.webhookURL)
        change.webhooks.commands = archived.webhookCommands
        change.webhooks.token = secrets?.webhookToken
        change.webhooks.timeoutPolicy = archived.webhookTimeoutPolicy
        change.webhooks.retry = archived.webhookRetry
        try update(id, change, in: tx)
        let keys = secrets?.keys ?? [Application.Key(text: key, createdAt: archived.createdAt)]
        for key in keys { try addKey(key.text, to: id, at: key.createdAt, in: tx) }
        for admin in archived.admins { try addAdmin(admin, to: id, in: tx) }
    }
}
