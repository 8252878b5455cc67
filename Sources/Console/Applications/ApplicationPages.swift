import Chat
import ChatProtocol
import Hummingbird

/// The applications of the installation, and how each of them stands.
struct ApplicationPages: Sendable {
    private let services: Services
    private var applications: Applications { services.systems.applications }

    /// How many applications a page of the list has.
    private static let rows = 50
    /// How many of the newest changes stand on the overview.
    private static let newestChanges = 5

    init(_ services: Services) {
        self.services = services
    }

    func add(to routes: Routes) {
        routes.get("apps") { visit throws(ChatError) in .page(try await list(visit)) }
        routes.get("apps/new", by: .owner) { visit throws(ChatError) in .page(try await new(visit)) }
        routes.post("apps", by: .owner) { visit, form throws(ChatError) in try await create(visit, form) }
        routes.get("apps/:app") { visit throws(ChatError) in .page(try await overview(visit)) }
        routes.get("apps/:app/audit") { visit throws(ChatError) in .page(try await audit(visit)) }
    }

    // MARK: The list

    private struct Row: Sendable {
        let path: String
        let id: String
        let name: String
        let plan: String
        let serving: Badge
        let channelService: Badge
        let channels: UsageBar
        let accounts: UsageBar
    }

    private struct List: Sendable {
        let rows: [Row]
        let next: String?
    }

    private func list(_ visit: Visit) async throws(ChatError) -> Page {
        let texts = visit.texts
        let last = SDKAppID(visit.asked("after"))
        let found = try await applications.page(after: last, limit: Self.rows + 1)
        let rows = found.prefix(Self.rows).map { one in
            Row(
                path: "\(Console.path)/apps/\(one.id)",
                id: one.id.description,
                name: one.name.isEmpty ? one.id.description : one.name,
                plan: texts["plans.\(one.plan.rawValue)"],
                serving: .serving(one.isEnabled, texts),
                channelService: .channelService(
                    isOn: one.channelServiceIsEnabled,
                    until: one.channelServiceEnd,
                    at: visit.now,
                    texts
                ),
                channels: UsageBar(texts["usage.channels"], one.usage.channels, of: one.limits[.channels], texts),
                accounts: UsageBar(texts["usage.accounts"], one.usage.accounts, of: one.limits[.accounts], texts)
            )
        }
        let next = found.count > rows.count ? rows.last.map { "\(Console.path)/apps?after=\($0.id)" } : nil
        return Page("applications", title: "apps.title", List(rows: rows, next: next), section: "apps")
    }

    // MARK: Making one

    private struct New: Sendable {
        let id: String
        /// The number where none is typed: drawn with the form, so that sending it again makes no second application.
        let freeNumber: String
        let name: String
        let plans: [Choice]
        let admins: String
        let longestName: Int
        let nameHint: String
    }

    private func new(
        _ visit: Visit,
        _ typed: Form? = nil,
        problem: ChatError? = nil
    ) async throws(ChatError) -> Page {
        let plan = typed.flatMap { Plan(rawValue: $0["plan"]) } ?? .enterprise
        let content = New(
            id: typed?["id"] ?? "",
            freeNumber: try await applications.freeNumber(services.systems.random).description,
            name: typed?["name"] ?? "",
            plans: Choice.plans(plan, visit.texts),
            admins: typed?.raw("admins") ?? "administrator",
            longestName: NewApplication.longestName,
            nameHint: visit.texts["newApp.nameHint", ["longest": String(NewApplication.longestName)]]
        )
        return Page("application-new", title: "newApp.title", content, section: "apps", problem: problem)
    }

    private func create(_ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        do throws(ChatError) {
            let names = form.raw("admins").split { $0.isWhitespace || $0 == "," }
            let new = NewApplication(
                id: try number(form["id"].nonEmpty ?? form["freeNumber"]),
                name: form["name"],
                plan: try Plan(demanding: form["plan"]),
                key: NewApplication.makeKey(services.systems.random),
                admins: try names.map { name throws(ChatError) in try UserID(demanding: String(name)) },
                webhookSecret: NewApplication.makeKey(services.systems.random)
            )
            let made = try await applications.create(new, by: visit.operation())
            return .page(NewKey(made, isFirst: true).page)
        } catch {
            return .page(try await new(visit, form, problem: error))
        }
    }

    private func number(_ text: String) throws(ChatError) -> SDKAppID {
        guard let id = SDKAppID(text) else {
            throw ChatError(.accountParameterInvalid, "An application's number must be 1 to \(UInt32.max).")
        }
        return id
    }

    // MARK: One application

    private struct Limit: Sendable {
        let name: String
        let value: String
        let isOwn: Bool
    }

    private struct Overview: Sendable {
        let id: String
        let name: String
        let plan: String
        let created: String
        let serving: Badge
        let channelService: Badge
        let bars: [UsageBar]
        let limits: [Limit]
        let admins: [AccountLink]
        let changes: [AuditView.Row]
    }

    private func overview(_ visit: Visit) async throws(ChatError) -> Page {
        let (application, texts) = (try await visit.application(), visit.texts)
        let usage = try await applications.usage(of: application.id)
        let changes = try await applications.audit(of: application.id, newest: Self.newestChanges)
        let content = Overview(
            id: application.id.description,
            name: application.name.isEmpty ? application.id.description : application.name,
            plan: texts["plans.\(application.plan.rawValue)"],
            created: application.createdAt.shown,
            serving: .serving(application.isEnabled, texts),
            channelService: .channelService(
                isOn: application.channelServiceIsEnabled,
                until: application.channelServiceEnd,
                at: visit.now,
                texts
            ),
            bars: [
                UsageBar(texts["usage.channels"], usage.channels, of: application.limits[.channels], texts),
                UsageBar(texts["usage.accounts"], usage.accounts, of: application.limits[.accounts], texts),
            ],
            limits: Limits.Name.allCases.map { name in
                Limit(
                    name: texts["limits.\(name.rawValue)"],
                    value: name.shown(application.limits[name], texts),
                    isOwn: application.ownLimits[name] != nil
                )
            },
            admins: application.admins.sorted().map { AccountLink($0, of: application) },
            changes: AuditView(changes, path: "").rows
        )
        return Page("application", title: "overview.title", content, of: application, section: "overview")
    }

    private func audit(_ visit: Visit) async throws(ChatError) -> Page {
        let application = try await visit.application()
        let entries = try await applications.audit(
            of: application.id,
            newest: AuditView.rows,
            before: try AuditView.last(visit)
        )
        return Page(
            "application-audit",
            title: "applicationAudit.title",
            AuditView(entries, path: "\(application.path)/audit"),
            of: application,
            section: "applicationAudit"
        )
    }
}

/// The page that answers the making of a key: the only one that ever shows it.
struct NewKey: Sendable {
    private struct Content: Sendable {
        let id: String
        let key: String
        let isFirst: Bool
        let path: String
    }

    private let application: Chat.Application
    private let isFirst: Bool

    init(_ application: Chat.Application, isFirst: Bool) {
        (self.application, self.isFirst) = (application, isFirst)
    }

    var page: Page {
        let content = Content(
            id: application.id.description,
            key: application.keys.last?.text ?? "",
            isFirst: isFirst,
            path: application.path
        )
        return Page("application-key", title: "key.title", content, of: application, section: "settings")
    }
}

extension Choice {
    static func plans(_ chosen: Plan, _ texts: Texts) -> [Choice] {
        Plan.allCases.map {
            Choice(value: $0.rawValue, text: texts["plans.\($0.rawValue)"], isChosen: $0 == chosen)
        }
    }
}

extension Plan {
    /// - Throws: 70402 when no plan is called that.
    init(demanding text: String) throws(ChatError) {
        guard let plan = Plan(rawValue: text) else {
            let names = Plan.allCases.map(\.rawValue).joined(separator: ", ")
            throw ChatError(.accountParameterInvalid, "The plan is one of \(names).")
        }
        self = plan
    }
}

extension Limits.Name {
    /// A value for people: 0 stands for no limit where a limit may be 0.
    func shown(_ value: Int64, _ texts: Texts) -> String {
        value == 0 ? texts["limits.none"] : value.grouped
    }
}
