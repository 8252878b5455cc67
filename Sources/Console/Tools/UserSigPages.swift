import Chat
import ChatProtocol
import Hummingbird

/// Says why a UserSig is refused, and makes one.
///
/// Tokens are sent by `POST` and shown on the page that answers it, so that none stands in a URL.
struct UserSigPages: Sendable {
    private let services: Services
    private var userSigs: UserSigs { UserSigs(services.systems) }

    init(_ services: Services) {
        self.services = services
    }

    func add(to routes: Routes) {
        routes.get("apps/:app/tools/usersig") { visit throws(ChatError) in
            let application = try await visit.application()
            return .page(page(visit, application))
        }
        routes.postErrand("apps/:app/tools/usersig") { visit, form throws(ChatError) in
            Errand(changes: false) { () throws(ChatError) in try await check(visit, form) }
        }
        routes.post("apps/:app/tools/usersig/make", by: .owner) { visit, form throws(ChatError) in
            try await make(visit, form)
        }
    }

    private struct Content: Sendable {
        let tools: Tool.Frame
        let token: String
        let identifier: String
        let report: TokenReportView?
        let newIdentifier: String
        let longestID: Int
        let amount: String
        let units: [Choice]
        let made: Made?
    }

    private struct Made: Sendable {
        let token: String
        let sentence: String
    }

    private func page(
        _ visit: Visit,
        _ application: Chat.Application,
        token: String = "",
        identifier: String = "",
        report: TokenReportView? = nil,
        newIdentifier: String? = nil,
        lifetime: TimeSpan = TimeSpan("1", "days"),
        made: Made? = nil,
        problem: ChatError? = nil
    ) -> Page {
        let content = Content(
            tools: Tool.Frame(.usersig, of: application, visit),
            token: token,
            identifier: identifier,
            report: report,
            newIdentifier: newIdentifier ?? Visit.administrator(of: application)?.rawValue ?? "",
            longestID: UserID.longest,
            amount: lifetime.typed,
            units: lifetime.choices(visit.texts),
            made: made
        )
        return Page(
            "usersig",
            title: "tools.usersig.title",
            content,
            of: application,
            section: "tools",
            problem: problem
        )
    }

    private func check(_ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        let (token, identifier) = (form["token"], form["identifier"])
        let report = try await userSigs.report(on: token, as: identifier, of: application, at: visit.now)
        let view = TokenReportView(report, application, visit.texts)
        return .page(page(visit, application, token: token, identifier: identifier, report: view))
    }

    private func make(_ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        let lifetime = TimeSpan(form["amount"], form["unit"])
        do throws(ChatError) {
            guard let user = UserID(rawValue: form["identifier"]) else {
                throw ChatError(.accountParameterInvalid, "The identifier must be a UserID: \(UserID.rule).")
            }
            let operation = visit.operation()
            // What is no number is none of the lifetimes either.
            let seconds = lifetime.seconds ?? 0
            let token = try await userSigs.make(for: user, of: application, lifetime: seconds, by: operation)
            let end = operation.time.advanced(bySeconds: seconds).shown
            let sentence = visit.texts["tools.usersig.made", ["identifier": user.rawValue, "time": end]]
            let made = Made(token: token, sentence: sentence)
            return .page(
                page(visit, application, newIdentifier: user.rawValue, lifetime: lifetime, made: made)
            )
        } catch {
            return .page(
                page(visit, application, newIdentifier: form["identifier"], lifetime: lifetime, problem: error)
            )
        }
    }
}
