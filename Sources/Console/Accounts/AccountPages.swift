import Chat
import ChatProtocol
import HTTPTypes
import Hummingbird

/// A way to an account's page.
struct AccountLink: Sendable {
    let id: String
    let path: String

    init(_ id: UserID, of application: Chat.Application) {
        self.id = id.rawValue
        path = "\(application.path)/accounts/\(id.rawValue.percentEncoded)"
    }
}

/// The accounts of an application: found, looked at, kicked and deleted.
struct AccountPages: Sendable {
    private let services: Services
    private var accounts: Accounts { services.systems.accounts }

    /// How many rows a page of a list has.
    private static let rows = 50
    private static let subscriptions = 20

    init(_ services: Services) {
        self.services = services
    }

    func add(to routes: Routes) {
        routes.get("apps/:app/accounts") { visit throws(ChatError) in .page(try await list(visit)) }
        routes.get("apps/:app/accounts/:user") { visit throws(ChatError) in try await show(visit) }
        routes.post("apps/:app/accounts/:user/:action") { visit, form throws(ChatError) in
            try await change(visit, form)
        }
    }

    // MARK: The list

    private struct Row: Sendable {
        let link: AccountLink
        let nick: String
        let created: String
        let iso: String
    }

    private struct List: Sendable {
        let path: String
        let prefix: String
        let isSearch: Bool
        let total: String
        let rows: [Row]
        let next: String?
        let first: String?
    }

    private func list(_ visit: Visit) async throws(ChatError) -> Page {
        let application = try await visit.application()
        let (prefix, last) = (visit.asked("q"), visit.cursor("after"))
        let found = try await accounts.page(
            of: application.id,
            beginning: prefix,
            after: last,
            limit: Self.rows + 1
        )
        let usage = try await services.systems.applications.usage(of: application.id)
        let rows = found.prefix(Self.rows).map { account in
            Row(
                link: AccountLink(account.id, of: application),
                nick: account.nick,
                created: account.createdAt.shown,
                iso: account.createdAt.iso
            )
        }
        let here = "\(application.path)/accounts?q=\(prefix.percentEncoded)"
        let content = List(
            path: application.path,
            prefix: prefix,
            isSearch: !prefix.isEmpty,
            total: visit.texts["accounts.total", ["count": usage.accounts.grouped]],
            rows: rows,
            next: found.count > rows.count ? rows.last.map { "\(here)&after=\($0.link.id.percentEncoded)" } : nil,
            first: last.isEmpty ? nil : here
        )
        return Page("accounts", title: "accounts.title", content, of: application, section: "accounts")
    }

    // MARK: One account

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

    private struct Profile: Sendable {
        let path: String
        let list: String
        let id: String
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

    private func show(_ visit: Visit) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        guard let account = try await account(visit, of: application) else {
            return .problem(.notFound, "account.notFound")
        }
        return .page(try await profile(account, of: application, visit))
    }

    private func account(_ visit: Visit, of application: Chat.Application) async throws(ChatError) -> Account? {
        guard let id = UserID(rawValue: visit.named("user")) else { return nil }
        return try await accounts.find(id, of: application.id)
    }

    /// - Parameter typed: a form that was refused, which keeps what was typed.
    private func profile(
        _ account: Account,
        of application: Chat.Application,
        _ visit: Visit,
        _ typed: Form? = nil,
        problem: ChatError? = nil
    ) async throws(ChatError) -> Page {
        let link = AccountLink(account.id, of: application)
        let sessions = await services.systems.presence.sessions(of: [account.id], of: application.id)[account.id] ?? []
        let subscribed = try await subscriptions(of: account.id, of: application, visit)
        let owned = try await owned(by: account.id, of: application, visit)
        let edited = typed != nil && visit.named("action") == "profile" ? typed : nil
        let content = Profile(
            path: link.path,
            list: "\(application.path)/accounts",
            id: account.id.rawValue,
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

    private func subscriptions(
        of user: UserID,
        of application: Chat.Application,
        _ visit: Visit
    ) async throws(ChatError) -> (rows: [Subscribed], next: String?) {
        let last = Int64(visit.asked("before")).map {
            (subscribedAt: Timestamp(milliseconds: $0), channel: visit.cursor("channel"))
        }
        let found = try await services.systems.subscribers.subscriptions(
            of: user,
            before: last,
            limit: Self.subscriptions + 1,
            in: application.id
        )
        let shown = found.prefix(Self.subscriptions)
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

    private func owned(
        by user: UserID,
        of application: Chat.Application,
        _ visit: Visit
    ) async throws(ChatError) -> (rows: [Owned], next: String?) {
        let found = try await services.systems.channels.owned(
            by: user,
            after: visit.cursor("owned"),
            limit: Self.subscriptions + 1,
            in: application.id
        )
        let rows = found.prefix(Self.subscriptions).map { one in
            Owned(
                id: one.id.rawValue,
                path: "\(application.path)/channels/\(one.id.rawValue.percentEncoded)",
                name: one.name,
                subscribers: one.subscribers.grouped
            )
        }
        guard found.count > rows.count, let end = rows.last else { return (rows, nil) }
        return (rows, "?owned=\(end.id.percentEncoded)#owned")
    }

    // MARK: Changing

    private func change(_ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        guard let account = try await account(visit, of: application) else {
            return .problem(.notFound, "account.notFound")
        }
        let path = AccountLink(account.id, of: application).path
        do throws(ChatError) {
            let call = try visit.call(for: application)
            switch visit.named("action") {
            case "profile":
                let changed = try NewAccount(named: account.id.rawValue, nick: form["nick"], faceURL: form["face"])
                try await accounts.import(changed, for: call)
                return .done("accountChanged", path: path)
            case "kick":
                try await accounts.kick(account.id, for: call)
                return .done("accountKicked", path: path)
            case "delete":
                guard form["confirmation"] == account.id.rawValue else {
                    throw .ofTheConsole(visit.texts["account.notConfirmed"])
                }
                if try await accounts.delete([account.id], for: call) == [.isAdmin] {
                    throw Accounts.Deletion.isAdminRefusal
                }
                return .done("accountDeleted", path: "\(application.path)/accounts")
            default: return .problem(.notFound, "errors.notFound")
            }
        } catch {
            return .page(try await profile(account, of: application, visit, form, problem: error))
        }
    }
}
