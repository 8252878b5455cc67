import Chat
import ChatProtocol
import FoundationEssentials
import Server

/// An application as the command line shows it.
struct ApplicationView: Encodable {
    struct Key: Encodable {
        /// Only with `--secrets`.
        let key: String?
        let createdAt: String
    }

    struct ChannelService: Encodable {
        let enabled: Bool
        /// Nil when it does not end.
        let endsAt: String?
    }

    struct Count: Encodable {
        let channels: Int64
        let accounts: Int64
    }

    struct Webhooks: Encodable {
        /// Nil when none is set.
        let url: String?
        let enabled: [String]
        /// Whether `Sign` is sent.
        let signed: Bool
        /// Only with `--secrets`.
        let token: String?
        let timeoutPolicy: String
        let retry: String
    }

    let sdkappid: Int64
    let name: String
    let plan: String
    let enabled: Bool
    let createdAt: String
    let admins: [String]
    let keys: [Key]
    /// Only with `--secrets`: the key of `X-Rostrum-Signature`.
    let webhookSecret: String?
    let webhooks: Webhooks
    let channelService: ChannelService
    let usage: Count
    let limits: [String: Int64]
    let ownLimits: [String: Int64]

    init(_ application: Application, _ systems: Systems, showingSecrets: Bool) async throws(ChatError) {
        let usage = try await systems.applications.usage(of: application.id)
        (sdkappid, name, plan) = (application.id.rawValue, application.name, application.plan.rawValue)
        enabled = application.isEnabled
        createdAt = application.createdAt.iso8601
        admins = application.admins.map(\.rawValue).sorted()
        keys = application.keys.map { Key(key: showingSecrets ? $0.text : nil, createdAt: $0.createdAt.iso8601) }
        webhookSecret = showingSecrets ? application.webhooks.secret : nil
        let settings = application.webhooks
        webhooks = Webhooks(
            url: settings.url?.rawValue,
            enabled: settings.commands.map(\.rawValue).sorted(),
            signed: !settings.token.isEmpty,
            token: showingSecrets && !settings.token.isEmpty ? settings.token : nil,
            timeoutPolicy: settings.timeoutPolicy.rawValue,
            retry: settings.retry.rawValue
        )
        channelService = ChannelService(
            enabled: application.channelServiceIsEnabled,
            endsAt: application.channelServiceEnd?.iso8601
        )
        self.usage = Count(channels: usage.channels, accounts: usage.accounts)
        limits = Dictionary(uniqueKeysWithValues: Limits.Name.allCases.map { ($0.rawValue, application.limits[$0]) })
        ownLimits = Dictionary(uniqueKeysWithValues: application.ownLimits.map { ($0.rawValue, $1) })
    }

    /// One line for a list.
    var summary: String {
        "\(sdkappid)  \(plan)\(enabled ? "" : "  disabled")  \(usage.channels) channels  "
            + "\(usage.accounts) accounts  \(name)"
    }

    func print(asJSON: Bool) throws {
        if asJSON { return try printJSON(self) }
        var lines = [
            ("application", String(sdkappid)), ("name", name), ("plan", plan), ("serving", enabled ? "yes" : "no"),
            ("created", createdAt), ("admins", admins.joined(separator: ", ")),
        ]
        for key in keys { lines.append(("key", key.key ?? "(hidden; --secrets shows it) made \(key.createdAt)")) }
        lines.append(("webhook URL", webhooks.url ?? "none"))
        if webhooks.url != nil {
            lines.append(("webhooks on", webhooks.enabled.isEmpty ? "none" : webhooks.enabled.joined(separator: ", ")))
            let hidden = webhooks.signed ? "(hidden; --secrets shows it)" : "none"
            lines.append(("webhook token", webhooks.token ?? hidden))
            lines.append(("webhook timeout", webhooks.timeoutPolicy))
            lines.append(("webhook retry", webhooks.retry))
        }
        if let webhookSecret { lines.append(("webhook secret", webhookSecret)) }
        let end = channelService.endsAt.map { "until \($0)" } ?? "without end"
        lines.append(("channel service", channelService.enabled ? end : "off"))
        for name in Limits.Name.allCases {
            let used: Int64? =
                switch name {
                case .channels: usage.channels
                case .accounts: usage.accounts
                default: nil
                }
            let limit = limits[name.rawValue].map { $0 == 0 ? "no limit" : String($0) } ?? ""
            let own = ownLimits[name.rawValue] == nil ? "" : " (its own)"
            lines.append((name.rawValue, (used.map { "\($0) of " } ?? "") + limit + own))
        }
        let width = lines.map(\.0.count).max() ?? 0
        for (title, value) in lines {
            printLine(title + String(repeating: " ", count: width - title.count + 2) + value)
        }
    }
}
