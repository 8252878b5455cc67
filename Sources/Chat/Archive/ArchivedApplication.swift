import ChatProtocol

/// The second line of an archive: an application's settings, and its secrets where they were asked for.
package struct ArchivedApplication: Sendable, Equatable {
    struct Secrets: Sendable, Equatable {
        let keys: [Application.Key]
        let webhookToken: String
        let webhookSecret: String
    }

    let name: String
    /// Whether it answers calls; an import leaves it off until everything is there.
    let isEnabled: Bool
    let plan: Plan
    let createdAt: Timestamp
    let channelServiceIsEnabled: Bool
    let channelServiceExpiresAt: Timestamp?
    let ownLimits: [Limits.Name: Int64]
    /// In order.
    let admins: [UserID]
    let webhookURL: WebhookURL?
    let webhookCommands: Set<WebhookCommand>
    let webhookTimeoutPolicy: WebhookSettings.TimeoutPolicy
    let webhookRetry: WebhookSettings.Retry
    /// Nil where they were not asked for.
    let secrets: Secrets?

    init(_ application: Application, withSecrets: Bool) {
        let webhooks = application.webhooks
        (name, isEnabled, plan) = (application.name, application.isEnabled, application.plan)
        createdAt = application.createdAt
        channelServiceIsEnabled = application.channelServiceIsEnabled
        channelServiceExpiresAt = application.channelServiceExpiresAt
        (ownLimits, admins) = (application.ownLimits, application.admins.sorted())
        (webhookURL, webhookCommands) = (webhooks.url, webhooks.commands)
        (webhookTimeoutPolicy, webhookRetry) = (webhooks.timeoutPolicy, webhooks.retry)
        secrets =
            withSecrets
            ? Secrets(keys: application.keys, webhookToken: webhooks.token, webhookSecret: webhooks.secret) : nil
    }

    init(_ object: JSONObject) throws(ArchiveProblem) {
        var line = ArchiveObject(object)
        name = try line.text("Name", bytes: 0...NewApplication.longestName)
        isEnabled = try line.boolean("Enabled")
        plan = try line.word("Plan")
        createdAt = Timestamp(milliseconds: try line.integer("CreatedAt", in: .moments))
        channelServiceIsEnabled = try line.boolean("ChannelService")
        let hasExpiry = line.optional("ChannelServiceExpiresAt") != nil
        channelServiceExpiresAt =
            hasExpiry
            ? Timestamp(milliseconds: try line.integer("ChannelServiceExpiresAt", in: .moments)) : nil
        ownLimits = try Self.limits(line.optional("Limits"))
        let admins = try line.list("Admins", of: UserID.rule) {
            if case .string(let text) = $0 { UserID(rawValue: text) } else { nil }
        }
        self.admins = Set(admins).sorted()
        let url = try line.text("WebhookURL", bytes: 0...WebhookURL.longest)
        webhookURL = WebhookURL(rawValue: url)
        guard url.isEmpty || webhookURL != nil else { throw ArchiveProblem("WebhookURL must be \(WebhookURL.rule)") }
        webhookCommands = Set(
            try line.list("WebhookCommands", of: "names of webhooks") {
                if case .string(let text) = $0 { WebhookCommand(rawValue: text) } else { nil }
            }
        )
        webhookTimeoutPolicy = try line.word("WebhookTimeoutPolicy")
        webhookRetry = try line.word("WebhookRetry")
        secrets = try Self.secrets(&line)
        try line.demandNoMore()
    }

    var json: JSONObject {
        var members: [JSONObject.Member] = []
        func add(_ name: String, _ value: JSONValue) { members.append(JSONObject.Member(name: name, value: value)) }
        add("Kind", .string("Application"))
        add("Name", .string(name))
        add("Enabled", .bool(isEnabled))
        add("Plan", .string(plan.rawValue))
        add("CreatedAt", .integer(createdAt.milliseconds))
        add("ChannelService", .bool(channelServiceIsEnabled))
        if let channelServiceExpiresAt {
            add("ChannelServiceExpiresAt", .integer(channelServiceExpiresAt.milliseconds))
        }
        let limits = ownLimits.sorted { $0.key.rawValue < $1.key.rawValue }
        add(
            "Limits",
            .object(JSONObject(limits.map { JSONObject.Member(name: $0.key.rawValue, value: .integer($0.value)) }))
        )
        add("Admins", .array(admins.map(JSONValue.user)))
        add("WebhookURL", .string(webhookURL?.rawValue ?? ""))
        add("WebhookCommands", .array(webhookCommands.map(\.rawValue).sorted().map(JSONValue.string)))
        add("WebhookTimeoutPolicy", .string(webhookTimeoutPolicy.rawValue))
        add("WebhookRetry", .string(webhookRetry.rawValue))
        if let secrets {
            let keys = secrets.keys.map { key in
                JSONValue.object(["Key": .string(key.text), "CreatedAt": .integer(key.createdAt.milliseconds)])
            }
            add("Keys", .array(keys))
            add("WebhookToken", .string(secrets.webhookToken))
            add("WebhookSecret", .string(secrets.webhookSecret))
        }
        return JSONObject(members)
    }

    /// Whether an application that is made of it needs a key of its own.
    package var hasNoKey: Bool { secrets == nil }

    /// Whether an application that is there is this one, whether or not it answers calls.
    func isSame(as other: Application) -> Bool {
        let mine = json.members.filter { $0.name != "Enabled" }
        let others = ArchivedApplication(other, withSecrets: secrets != nil).json.members
        return mine == others.filter { $0.name != "Enabled" }
    }

    private static func limits(_ value: JSONValue?) throws(ArchiveProblem) -> [Limits.Name: Int64] {
        guard case .object(let object)? = value else { throw ArchiveProblem("Limits must be an object") }
        var limits: [Limits.Name: Int64] = [:]
        for member in object.members {
            guard let name = Limits.Name(rawValue: member.name) else {
                throw ArchiveProblem("there is no limit \(member.name)")
            }
            guard case .number(let number) = member.value, let value = number.int64, name.allowed.contains(value) else {
                throw ArchiveProblem(
                    "the limit \(name.rawValue) must be \(name.allowed.lowerBound) to \(name.allowed.upperBound)"
                )
            }
            limits[name] = value
        }
        return limits
    }

    private static func secrets(_ line: inout ArchiveObject) throws(ArchiveProblem) -> Secrets? {
        guard line.optional("Keys") != nil else { return nil }
        let rule = "one or two keys, each with Key and CreatedAt"
        let keys = try line.list("Keys", of: rule) { value -> Application.Key? in
            guard case .object(let object) = value, object.members.count == 2,
                case .string(let text)? = object["Key"], case .number(let number)? = object["CreatedAt"],
                (1...NewApplication.longestKey).contains(text.utf8.count), let createdAt = number.int64,
                ClosedRange.moments.contains(createdAt)
            else { return nil }
            return Application.Key(text: text, createdAt: Timestamp(milliseconds: createdAt))
        }
        guard (1...Application.mostKeys).contains(keys.count), Set(keys.map(\.createdAt)).count == keys.count else {
            throw ArchiveProblem("Keys must be \(rule)")
        }
        return Secrets(
            keys: keys.sorted { $0.createdAt < $1.createdAt },
            webhookToken: try line.text("WebhookToken", bytes: 0...WebhookSettings.longestToken),
            webhookSecret: try line.text("WebhookSecret", bytes: 0...NewApplication.longestKey)
        )
    }
}
