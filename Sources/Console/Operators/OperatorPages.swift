import Chat
import ChatProtocol
import HTTPTypes
import Hummingbird

/// Who may sign in, which is for owners; one's own password and second factor; and what was done to operators.
struct OperatorPages: Sendable {
    private let services: Services
    private var operators: Operators { services.systems.operators }
    /// How many operators a page of the list has.
    private static let rows = 50

    init(_ services: Services) {
        self.services = services
    }

    func add(to routes: Routes) {
        routes.get("operators", by: .owner) { visit throws(ChatError) in .page(try await list(visit)) }
        routes.post("operators", by: .owner) { visit, form throws(ChatError) in try await create(visit, form) }
        routes.post("operators/:name/:action", by: .owner) { visit, form throws(ChatError) in
            try await change(visit, form)
        }
        routes.get("account") { visit throws(ChatError) in .page(ownAccount(visit)) }
        routes.postOwn("account/:action") { visit, form throws(ChatError) in try await changeOwn(visit, form) }
        routes.get("audit") { visit throws(ChatError) in .page(try await audit(visit)) }
    }

    // MARK: Everybody

    private static let path = "\(Console.path)/operators"

    private struct Row: Sendable {
        let name: String
        let roles: [Choice]
        let hasSecondFactor: Bool
        let signedIn: String
    }

    private struct List: Sendable {
        let rows: [Row]
        let first: String?
        let next: String?
        let newName: String
        let longestName: Int
        let namePattern: String
        let nameHint: String
        let password: PasswordField
        let roles: [Choice]
    }

    /// What stands at a field for a new password.
    private struct PasswordField: Sendable {
        let shortest = Operators.shortestPassword
        let hint: String

        init(_ texts: Texts) {
            hint = texts["operators.passwordHint", ["shortest": String(shortest)]]
        }
    }

    private func list(_ visit: Visit, newName: String = "", problem: ChatError? = nil) async throws(ChatError) -> Page {
        let last = try visit.cursor("after")
        let found = try await operators.page(after: last, limit: Self.rows + 1)
        let shown = found.prefix(Self.rows)
        let rows = shown.map { one in
            Row(
                name: one.name.rawValue,
                roles: roles(one.role, visit),
                hasSecondFactor: one.hasSecondFactor,
                signedIn: one.signedInAt?.shown ?? visit.texts["operators.never"]
            )
        }
        let content = List(
            rows: rows,
            first: last.isEmpty ? nil : Self.path,
            next: found.count > shown.count
                ? shown.last.map { "\(Self.path)?after=\($0.name.rawValue.percentEncoded)" } : nil,
            newName: newName,
            longestName: OperatorName.longest,
            namePattern: OperatorName.pattern,
            nameHint: visit.texts["operators.nameHint", ["longest": String(OperatorName.longest)]],
            password: PasswordField(visit.texts),
            roles: roles(.operator, visit)
        )
        return Page("operators", title: "operators.title", content, section: "operators", problem: problem)
    }

    private func roles(_ chosen: OperatorRole, _ visit: Visit) -> [Choice] {
        OperatorRole.allCases.map {
            Choice(value: $0.rawValue, text: visit.texts["operators.roles.\($0.rawValue)"], isChosen: $0 == chosen)
        }
    }

    private func create(_ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        do throws(ChatError) {
            guard let name = OperatorName(rawValue: form["name"]) else {
                throw ChatError(.httpParsingFailed, "The name must be \(OperatorName.rule).")
            }
            try await operators.create(
                name,
                try role(form),
                password: form.raw("password"),
                by: visit.operation()
            )
            return .done("operatorCreated", path: "\(Console.path)/operators")
        } catch {
            return .page(try await list(visit, newName: form["name"], problem: error))
        }
    }

    private func change(_ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        do throws(ChatError) {
            guard let name = OperatorName(rawValue: visit.named("name")) else {
                throw ChatError(.httpParsingFailed, "There is no such operator.")
            }
            let action = visit.named("action")
            // There he is asked for his password first.
            guard name != visit.who.name || !["password", "remove-second-factor"].contains(action) else {
                throw .ofTheConsole(visit.texts["operators.notHere"])
            }
            switch action {
            case "role": try await operators.setRole(of: name, to: try role(form), by: visit.operation())
            case "password":
                try await operators.setPassword(of: name, to: form.raw("password"), by: visit.operation())
            case "remove-second-factor":
                try await operators.removeSecondFactor(of: name, by: visit.operation())
            case "delete": try await operators.delete(name, by: visit.operation())
            default: return .problem(.notFound, "errors.notFound")
            }
            return .done("operatorChanged", path: "\(Console.path)/operators")
        } catch {
            return .page(try await list(visit, problem: error))
        }
    }

    private func role(_ form: Form) throws(ChatError) -> OperatorRole {
        guard let role = OperatorRole(rawValue: form["role"]) else {
            throw ChatError(
                .httpParsingFailed,
                "The role is one of \(OperatorRole.allCases.map(\.rawValue).joined(separator: ", "))."
            )
        }
        return role
    }

    // MARK: One's own

    private struct OwnAccount: Sendable {
        let password: PasswordField
        let hasSecondFactor: Bool
        /// As authenticator apps take it.
        let secret: String
        let address: String
        /// The address as a picture.
        let code: QRCode?
        let hexadecimalSecret: String
    }

    /// - Parameter secondFactor: what was shown before, when its code was wrong.
    private func ownAccount(_ visit: Visit, _ secondFactor: OneTimeCode? = nil, problem: ChatError? = nil) -> Page {
        let secondFactor = secondFactor ?? operators.newSecondFactor()
        let address = secondFactor.address(for: visit.who.name)
        let content = OwnAccount(
            password: PasswordField(visit.texts),
            hasSecondFactor: visit.who.hasSecondFactor,
            secret: secondFactor.text,
            address: address,
            code: QRCode(address),
            hexadecimalSecret: secondFactor.hexadecimalSecret
        )
        return Page("own-account", title: "ownAccount.title", content, problem: problem)
    }

    private func changeOwn(_ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        let name = visit.who.name
        do throws(ChatError) {
            switch visit.named("action") {
            case "password":
                try await demandPassword(visit, form)
                try await operators.setPassword(of: name, to: form.raw("new"), by: visit.operation())
                // His sessions have ended, this one too.
                return .redirect("\(Console.path)/sign-in")
            case "second-factor": return try await addSecondFactor(visit, form)
            case "remove-second-factor":
                try await demandPassword(visit, form)
                try await operators.removeSecondFactor(of: name, by: visit.operation())
            default: return .problem(.notFound, "errors.notFound")
            }
            return .done("ownAccountChanged", path: "\(Console.path)/account")
        } catch {
            return .page(ownAccount(visit, problem: error))
        }
    }

    /// Whoever finds a session open must not make it his by a factor of his own.
    private func addSecondFactor(_ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        guard let secondFactor = OneTimeCode(hexadecimalSecret: form["secret"]) else {
            return .problem(.badRequest, "errors.form")
        }
        do throws(ChatError) {
            try await demandPassword(visit, form)
            let code = form["code"].filter { $0 != " " }
            let isRight = try await operators.addSecondFactor(
                secondFactor,
                code: code,
                in: visit.session,
                by: visit.operation()
            )
            guard isRight else { throw .ofTheConsole(visit.texts["ownAccount.wrongCode"]) }
            return .done("ownAccountChanged", path: "\(Console.path)/account")
        } catch {
            return .page(ownAccount(visit, secondFactor, problem: error))
        }
    }

    private func demandPassword(_ visit: Visit, _ form: Form) async throws(ChatError) {
        switch try await operators.knowsPassword(form.raw("current"), visit.who.name, from: visit.address) {
        case true?: return
        case false?: throw .ofTheConsole(visit.texts["ownAccount.wrongPassword"])
        case nil: throw .ofTheConsole(visit.texts["signIn.locked"])
        }
    }

    // MARK: Audit

    private func audit(_ visit: Visit) async throws(ChatError) -> Page {
        let entries = try await operators.audit(AuditView.rows, before: try AuditView.last(visit))
        return Page(
            "audit",
            title: "audit.title",
            AuditView(entries, path: "\(Console.path)/audit"),
            section: "audit"
        )
    }
}
