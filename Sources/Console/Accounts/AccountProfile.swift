import Chat
import ChatProtocol

/// A way to an account's page.
struct AccountLink: Sendable {
    let id: String
    let path: String

    init(_ id: UserID, of application: Chat.Application) {
        self.id = id.rawValue
        // Browsers take `.` and `..` for ways through the path, however they are encoded; no UserID has a tilde.
        let isWay = id.rawValue == "." || id.rawValue == ".."
        path = "\(application.path)/accounts/\(isWay ? "~" : "")\(id.rawValue.percentEncoded)"
    }

    /// The account that such a way leads to; nil where it leads to none.
    static func account(named name: String) -> UserID? {
        UserID(rawValue: name.hasPrefix("~.") ? String(name.dropFirst()) : name)
    }
}

/// The page of one account: its profile, its devices, what it subscribes to and what it owns.
struct AccountProfile: Sendable {
    /// How many rows its lists have at a time.
    private static let rows = 20

    private let account: Account
    private let application: Chat.Application
    private let visit: Visit

    init(_ account: Account, of application: Chat.Application, _ visit: Visit) {
        (self.account, self.application, self.visit) = (account, application, visit)
    }

    private struct Device: Sendable {
        let platform: String
        let instance: String
    }

    private struct Subscribed: Sendable {
        let id: String
        let path: String
        let name: String
        let since: String
        let iso: String
        let flag: String
    }

    private struct Owned: Sendable {
        let id: String
        let path: String
        let name: String
        let subscribers: String
    }

    private struct Content: Sendable {
        let path: String
        let list: String
        let id: String
        let edition: String
        let nick: String
        let faceURL: String
        let typedNick: String
        let typedFaceURL: String
        let longestValue: Int
        let created: String
        let isAdmin: Bool
        let isOnline: Bool
        let devices: [Device]
        let subscriptions: [Subscribed]
        let nextSubscriptions: String?
        let owned: [Owned]
        let nextOwned: String?
        let confirmation: String
    }

    /// - Parameter typed: a form that was refused, which keeps what was typed.
    func page(_ typed: Form? = nil, problem: ChatError? = nil) async throws(ChatError) -> Page {
        let link = AccountLink(account.id, of: application)
        let sessions =
            await visit.services.systems.presence.sessions(of: [account.id], of: application.id)[account.id] ?? []
        let subscribed = try await subscriptions()
        let owned = try await owned()
        let edited = typed != nil && visit.named("action") == "profile" ? typed : nil
        let content = Content(
            path: link.path,
            list: "\(application.path)/accounts",
            id: account.id.rawValue,
            edition: edited?[Edition.field] ?? account.edition.text,
            nick: account.nick,
            faceURL: account.faceURL,
            typedNick: edited?["nick"] ?? account.nick,
            typedFaceURL: edited?["face"] ?? account.faceURL,
            longestValue: NewAccount.longestProfileValue,
            created: account.createdAt.shown,
            isAdmin: application.admins.contains(account.id),
            isOnline: !sessions.isEmpty,
            devices:
                sessions
                .sorted { ($0.platform.rawValue, $0.instance) < ($1.platform.rawValue, $1.instance) }
                .map { Device(platform: $0.platform.rawValue, instance: String($0.instance)) },
            subscriptions: subscribed.rows,
            nextSubscriptions: subscribed.next.map { link.path + $0 },
            owned: owned.rows,
            nextOwned: owned.next.map { link.path + $0 },
            confirmation: typed?["confirmation"] ?? ""
        )
        return Page(
            "account",
            title: account.id.rawValue,
            content,
            of: application,
            section: "accounts",
            problem: problem
        )
    }

    private func subscriptions() async throws(ChatError) -> (rows: [Subscribed], next: String?) {
        let channel = try visit.cursor("channel")
        let last = try visit.place("before") { text in
            Int64(text).map { (subscribedAt: Timestamp(milliseconds: $0), channel: channel) }
        }
        let found = try await visit.services.systems.subscribers.subscriptions(
            of: account.id,
            before: last,
            limit: Self.rows + 1,
            in: application.id
        )
        let shown = found.prefix(Self.rows)
        let rows = shown.map { one in
            Subscribed(
                id: one.channel.rawValue,
                path: "\(application.path)/channels/\(one.channel.rawValue.percentEncoded)",
                name: one.channelName,
                since: one.subscribedAt.shown,
                iso: one.subscribedAt.iso,
                flag: visit.texts["account.flags.\(one.messageFlag.rawValue)"]
            )
        }
        guard found.count > shown.count, let end = shown.last else { return (rows, nil) }
        let next = "?before=\(end.subscribedAt.milliseconds)&channel=\(end.channel.rawValue.percentEncoded)"
        return (rows, next + "#subscriptions")
    }

    private func owned() async throws(ChatError) -> (rows: [Owned], next: String?) {
        let channel = try visit.cursor("owned")
        let last = try visit.place("created") { text in
            Int64(text).map { (createdAt: Timestamp(milliseconds: $0), channel: channel) }
        }
        let found = try await visit.services.systems.channels.owned(
            by: account.id,
            before: last,
            limit: Self.rows + 1,
            in: application.id
        )
        let shown = found.prefix(Self.rows)
        let rows = shown.map { one in
            Owned(
                id: one.id.rawValue,
                path: "\(application.path)/channels/\(one.id.rawValue.percentEncoded)",
                name: one.name,
                subscribers: one.subscribers.grouped
            )
        }
        guard found.count > shown.count, let end = shown.last else { return (rows, nil) }
        let next = "?created=\(end.createdAt.milliseconds)&owned=\(end.id.rawValue.percentEncoded)"
        return (rows, next + "#owned")
    }
}
