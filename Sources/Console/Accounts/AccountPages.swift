import Chat
import ChatProtocol
import HTTPTypes
import Hummingbird

/// The accounts of an application: found, looked at, kicked and deleted.
struct AccountPages: Sendable {
    private let services: Services
    private var accounts: Accounts { services.systems.accounts }

    /// How many rows a page of a list has.
    private static let rows = 50

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
        let longestID: Int
        let isSearch: Bool
        let total: String
        let rows: [Row]
        let next: String?
        let first: String?
    }

    private func list(_ visit: Visit) async throws(ChatError) -> Page {
        let application = try await visit.application()
        let (prefix, last) = (visit.asked("q"), try visit.cursor("after"))
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
            longestID: UserID.longest,
            isSearch: !prefix.isEmpty,
            total: visit.texts["accounts.total", ["count": usage.accounts.grouped]],
            rows: rows,
            next: found.count > rows.count ? rows.last.map { "\(here)&after=\($0.link.id.percentEncoded)" } : nil,
            first: last.isEmpty ? nil : here
        )
        return Page("accounts", title: "accounts.title", content, of: application, section: "accounts")
    }

    // MARK: One account

    private func show(_ visit: Visit) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        guard let account = try await account(visit, of: application) else {
            return .problem(.notFound, "account.notFound")
        }
        return .page(try await AccountProfile(account, of: application, visit).page())
    }

    private func account(_ visit: Visit, of application: Chat.Application) async throws(ChatError) -> Account? {
        guard let id = AccountLink.account(named: visit.named("user")) else { return nil }
        return try await accounts.find(id, of: application.id)
    }

    // MARK: Changing

    private func change(_ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        guard let account = try await account(visit, of: application) else {
            return .problem(.notFound, "account.notFound")
        }
        let path = AccountLink(account.id, of: application).path
        do throws(ChatError) {
            let call = try await visit.call(for: application)
            switch visit.named("action") {
            case "profile":
                let texts = visit.texts
                try await accounts.update(account.id, for: call) { account throws(ChatError) in
                    try AccountProfile.change(form, of: account, texts)
                }
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
            guard error.isChangedMeanwhile, let present = try await self.account(visit, of: application) else {
                return .page(try await AccountProfile(account, of: application, visit).page(form, problem: error))
            }
            var page = try await AccountProfile(present, of: application, visit).page(problem: error)
            page.unsaved = AccountProfile.unsaved(form, of: present, visit.texts)
            return .page(page)
        }
    }
}
