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

    let sdkappid: Int64
    let name: String
    let plan: String
    let enabled: Bool
    let createdAt: String
    let admins: [String]
    let keys: [Key]
    /// Only with `--secrets`: the key of `X-Rostrum-Signature`.
    let webhookSecret: String?
    let channelService: ChannelService
    let usage: Count
    let limits: [String: Int64]
    let ownLimits: [String: Int64]

    init(_ application: Application, _ installation: Installation, showingSecrets: Bool) async throws {
        let usage = try await installation.applications.usage(of: application.id)
        (sdkappid, name, plan) = (application.id.rawValue, application.name, application.plan.rawValue)
        enabled = application.isEnabled
        createdAt = Self.text(application.createdAt)
        admins = application.admins.map(\.rawValue).sorted()
        keys = application.keys.map { Key(key: showingSecrets ? $0.text : nil, createdAt: Self.text($0.createdAt)) }
        webhookSecret = showingSecrets ? application.webhooks.secret : nil
        channelService = ChannelService(
            enabled: application.channelServiceIsEnabled,
            endsAt: application.channelServiceEnd.map(Self.text)
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

    private static func text(_ moment: Timestamp) -> String {
        Date(timeIntervalSince1970: Double(moment.seconds)).formatted(.iso8601)
    }
}

/// Prints one JSON value with its members in order.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    printLine(String(decoding: try encoder.encode(value), as: UTF8.self))
}
