import ChatProtocol
import Database

/// The rows of applications, their keys, admins and limits.
struct ApplicationTable: Sendable {
    let secrets: SecretBox
    /// Limits that this process was started with.
    let overrides: [Limits.Name: Int64]

    func find(_ id: SDKAppID, in tx: any Transaction) throws(ChatError) -> Application? {
        let row = try tx.row(
            """
            SELECT name, plan, enabled, channel_service_enabled, channel_service_expires_at, webhook_url,
                webhook_events, webhook_token_sealed, webhook_secret_sealed, webhook_timeout_policy, webhook_retry,
                created_at
            FROM applications WHERE app = \(id)
            """
        )
        guard let row else { return nil }
        let plan: Plan = try row.value(1)
        let ownLimits = try limits(of: id, in: tx)
        return Application(
            id: id,
            name: try row.text(0),
            isEnabled: try row.bool(2),
            plan: plan,
            ownLimits: ownLimits,
            limits: plan.limits.replacing(ownLimits).replacing(overrides),
            keys: try keys(of: id, in: tx),
            admins: try admins(of: id, in: tx),
            channelServiceIsEnabled: try row.bool(3),
            channelServiceExpiresAt: try row.optionalTimestamp(4),
            webhooks: try webhooks(of: id, row),
            createdAt: try row.timestamp(11)
        )
    }

    func allIDs(in tx: any Transaction) throws(ChatError) -> [SDKAppID] {
        try tx.rows("SELECT app FROM applications ORDER BY app").map { row throws(ChatError) in
            try row.application(0)
        }
    }

    func owners(ofKey text: String, in tx: any Transaction) throws(ChatError) -> [SDKAppID] {
        var owners: [SDKAppID] = []
        for row in try tx.rows("SELECT app, key_sealed FROM application_keys ORDER BY app") {
            let (id, sealed) = (try row.application(0), try row.blob(1))
            guard owners.last != id, let key = try? secrets.open(sealed, for: SecretPlace.applicationKey(id)) else {
                continue
            }
            if key == text { owners.append(id) }
        }
        return owners
    }

    /// - Returns: whether the number was free.
    func insert(_ application: NewApplication, at now: Timestamp, in tx: any Transaction) throws(ChatError) -> Bool {
        let id = application.id
        let token = try secrets.seal("", for: SecretPlace.webhookToken(id), in: tx)
        let secret = try secrets.seal(application.webhookSecret, for: SecretPlace.webhookSecret(id), in: tx)
        let inserted = try tx.execute(
            """
            INSERT INTO applications (app, name, plan, enabled, channel_service_enabled, channel_service_expires_at,
                webhook_url, webhook_events, webhook_token_sealed, webhook_secret_sealed, webhook_timeout_policy,
                webhook_retry, created_at)
            VALUES (\(id), \(application.name), \(application.plan.rawValue), \(true), \(true), \(Int64?.none),
                \(""), \(""), \(token), \(secret), \(WebhookSettings.TimeoutPolicy.allow.rawValue),
                \(WebhookSettings.Retry.on.rawValue), \(now))
            ON CONFLICT (app) DO NOTHING
            """
        )
        guard inserted == 1 else { return false }
        try tx.execute("INSERT INTO application_usage (app, channels, accounts) VALUES (\(id), \(0), \(0))")
        return true
    }

    func update(_ id: SDKAppID, _ change: ApplicationChange, in tx: any Transaction) throws(ChatError) {
        if let name = change.name {
            try tx.execute("UPDATE applications SET name = \(name) WHERE app = \(id)")
        }
        if let plan = change.plan {
            try tx.execute("UPDATE applications SET plan = \(plan.rawValue) WHERE app = \(id)")
        }
        if let isEnabled = change.isEnabled {
            try tx.execute("UPDATE applications SET enabled = \(isEnabled) WHERE app = \(id)")
        }
        if let isEnabled = change.channelServiceIsEnabled {
            try tx.execute("UPDATE applications SET channel_service_enabled = \(isEnabled) WHERE app = \(id)")
        }
        if let expiry = change.channelServiceExpiresAt {
            try tx.execute("UPDATE applications SET channel_service_expires_at = \(expiry) WHERE app = \(id)")
        }
        try update(id, change.webhooks, in: tx)
        for (name, value) in change.ownLimits {
            if let value {
                try tx.execute(
                    """
                    INSERT INTO application_limits (app, name, value) VALUES (\(id), \(name.rawValue), \(value))
                    ON CONFLICT (app, name) DO UPDATE SET value = excluded.value
                    """
                )
            } else {
                try tx.execute("DELETE FROM application_limits WHERE app = \(id) AND name = \(name.rawValue)")
            }
        }
    }

    private func update(_ id: SDKAppID, _ change: WebhookChange, in tx: any Transaction) throws(ChatError) {
        if let url = change.url {
            try tx.execute("UPDATE applications SET webhook_url = \(url?.rawValue ?? "") WHERE app = \(id)")
        }
        if let commands = change.commands {
            let names = commands.map(\.rawValue).sorted().joined(separator: " ")
            try tx.execute("UPDATE applications SET webhook_events = \(names) WHERE app = \(id)")
        }
        if let token = change.token {
            let sealed = try secrets.seal(token, for: SecretPlace.webhookToken(id), in: tx)
            try tx.execute("UPDATE applications SET webhook_token_sealed = \(sealed) WHERE app = \(id)")
        }
        if let policy = change.timeoutPolicy {
            try tx.execute("UPDATE applications SET webhook_timeout_policy = \(policy.rawValue) WHERE app = \(id)")
        }
        if let retry = change.retry {
            try tx.execute("UPDATE applications SET webhook_retry = \(retry.rawValue) WHERE app = \(id)")
        }
    }

    /// Adds a key that is newer than every other, and drops the oldest ones over the number allowed.
    func addKey(_ text: String, to id: SDKAppID, at now: Timestamp, in tx: any Transaction) throws(ChatError) {
        let existing = try keys(of: id, in: tx)
        let newest = existing.last?.createdAt.milliseconds ?? .min
        let createdAt = Timestamp(milliseconds: max(now.milliseconds, newest &+ 1))
        for key in existing.dropLast(Application.mostKeys - 1) { try deleteKey(key, of: id, in: tx) }
        let sealed = try secrets.seal(text, for: SecretPlace.applicationKey(id), in: tx)
        try tx.execute(
            """
            INSERT INTO application_keys (app, created_at, key_sealed) VALUES (\(id), \(createdAt), \(sealed))
            """
        )
    }

    func deleteKey(_ key: Application.Key, of id: SDKAppID, in tx: any Transaction) throws(ChatError) {
        try tx.execute("DELETE FROM application_keys WHERE app = \(id) AND created_at = \(key.createdAt)")
    }

    func addAdmin(_ admin: UserID, to id: SDKAppID, in tx: any Transaction) throws(ChatError) {
        try tx.execute(
            "INSERT INTO application_admins (app, account) VALUES (\(id), \(admin)) ON CONFLICT DO NOTHING"
        )
    }

    /// - Returns: whether the account was an admin.
    func removeAdmin(_ admin: UserID, from id: SDKAppID, in tx: any Transaction) throws(ChatError) -> Bool {
        try tx.execute("DELETE FROM application_admins WHERE app = \(id) AND account = \(admin)") > 0
    }

    private func limits(of id: SDKAppID, in tx: any Transaction) throws(ChatError) -> [Limits.Name: Int64] {
        var limits: [Limits.Name: Int64] = [:]
        for row in try tx.rows("SELECT name, value FROM application_limits WHERE app = \(id)") {
            limits[try row.value(0)] = try row.integer(1)
        }
        return limits
    }

    private func keys(of id: SDKAppID, in tx: any Transaction) throws(ChatError) -> [Application.Key] {
        try tx.rows(
            "SELECT key_sealed, created_at FROM application_keys WHERE app = \(id) ORDER BY created_at"
        ).map { row throws(ChatError) in
            let text = try secrets.open(try row.blob(0), for: SecretPlace.applicationKey(id))
            return Application.Key(text: text, createdAt: try row.timestamp(1))
        }
    }

    private func admins(of id: SDKAppID, in tx: any Transaction) throws(ChatError) -> Set<UserID> {
        Set(
            try tx.rows("SELECT account FROM application_admins WHERE app = \(id)").map { row throws(ChatError) in
                try row.value(0, as: UserID.self)
            }
        )
    }

    private func webhooks(of id: SDKAppID, _ row: Row) throws(ChatError) -> WebhookSettings {
        var settings = WebhookSettings(secret: try secrets.open(try row.blob(8), for: SecretPlace.webhookSecret(id)))
        let url = try row.text(5)
        if !url.isEmpty { settings.url = try row.value(5) }
        // A name that is no longer known is one that nobody raises.
        settings.commands = Set(
            try row.text(6).split(separator: " ").compactMap { WebhookCommand(rawValue: String($0)) }
        )
        settings.token = try secrets.open(try row.blob(7), for: SecretPlace.webhookToken(id))
        settings.timeoutPolicy = try row.value(9)
        settings.retry = try row.value(10)
        return settings
    }
}
