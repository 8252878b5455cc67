import Chat
import ChatProtocol
import Emulator
import HTTPTypes
import Hummingbird
import Logging

/// The way in and out.
struct SignInPages: Sendable {
    private let services: Services

    init(_ services: Services) {
        self.services = services
    }

    /// What the template shows.
    private struct Content: Sendable {
        let next: String
        let name: String
        let problem: String?
        let language: String
        let isEmulator: Bool
    }

    func add(to routes: Routes) {
        routes.open(.get, "sign-in") { request, _, _ throws(ChatError) in
            page(request, next: Self.next(request.uri.queryParameters["next"].map(String.init)))
        }
        routes.open(.post, "sign-in") { request, context, form throws(ChatError) in
            try await signIn(request, context, form)
        }
        if services.emulator != nil {
            routes.open(.post, "sign-in/emulator") { request, context, form throws(ChatError) in
                try await admit(request, context, form)
            }
        }
        routes.postOwn("sign-out") { visit, _ throws(ChatError) in
            try await services.systems.operators.signOut(visit.session, from: visit.address)
            var response = Response.redirect(to: "\(Console.path)/sign-in", type: .normal)
            SessionCookie.set(nil, in: &response, isSecure: visit.isSecure)
            return .response(response)
        }
        routes.postOwn("language") { visit, form throws(ChatError) in
            var response = Response.redirect(to: Self.next(form["next"]), type: .normal)
            if Texts.all.contains(where: { $0.language == form["language"] }) {
                response.setCookie(
                    Cookie(
                        name: Texts.cookie,
                        value: form["language"],
                        maxAge: 365 * 86_400,
                        path: Console.path,
                        secure: visit.isSecure,
                        sameSite: .strict
                    )
                )
            }
            return .response(response)
        }
        routes.get("") { _ throws(ChatError) in .redirect("\(Console.path)/apps") }
    }

    /// Sends whoever is not signed in to where he can, and back afterwards.
    static func askToSignIn(_ request: Request) -> Response {
        let path = [.get, .head].contains(request.method) ? request.uri.path : Console.path
        return Response.redirect(to: Self.path(backTo: path), type: .normal)
    }

    /// - Parameter path: where to go afterwards.
    static func path(backTo path: String) -> String {
        "\(Console.path)/sign-in?next=\(path.percentEncoded.replacing("%2F", with: "/"))"
    }

    /// Where to go after signing in: a page of the console, whatever a link says.
    private static func next(_ asked: String?) -> String {
        let others = Set("/-._~@%".utf8)
        guard let asked, Console.covers(asked), !asked.contains("//"),
            asked.utf8.allSatisfy({ others.contains($0) || Character(UnicodeScalar($0)).isPlain })
        else { return Console.path }
        // Browsers take `%2e` for a dot too, and two dots for the way out.
        let steps = asked.lowercased().replacing("%2e", with: ".").split(separator: "/")
        return steps.contains("..") ? Console.path : asked
    }

    private func signIn(_ request: Request, _ context: Context, _ form: Form) async throws(ChatError) -> Response {
        let next = Self.next(form["next"])
        let outcome = try await services.systems.operators.signIn(
            form["name"].lowercased(),
            password: form.raw("password"),
            code: form["code"].filter { $0 != " " },
            from: context.visitor.address
        )
        switch outcome {
        case .signedIn(_, let token):
            var response = Response.redirect(to: next, type: .normal)
            SessionCookie.set(token, in: &response, isSecure: context.visitor.isSecure)
            return response
        case .wrong:
            // Without the name: people type passwords into the wrong field.
            context.visitor.logger.notice("a sign-in failed", metadata: ["address": .string(context.visitor.address)])
            return page(request, next: next, name: form["name"], problem: "signIn.wrong", .forbidden)
        case .lockedOut:
            return page(request, next: next, name: form["name"], problem: "signIn.locked", .tooManyRequests)
        }
    }

    /// The emulator asks a program on the same machine for no password: it may do everything by the other doors too.
    private func admit(_ request: Request, _ context: Context, _ form: Form) async throws(ChatError) -> Response {
        let caller = EmulatorDoors.Caller(
            address: context.visitor.address,
            host: request.head.authority,
            origin: request.headers[.origin],
            isForwarded: context.visitor.isForwarded
        )
        guard caller.isLocal, let name = OperatorName(rawValue: "developer") else {
            return page(request, next: Console.path, problem: "signIn.notLocal", .forbidden)
        }
        let token = try await services.systems.operators.admit(name, from: context.visitor.address)
        var response = Response.redirect(to: Self.next(form["next"]), type: .normal)
        SessionCookie.set(token, in: &response, isSecure: context.visitor.isSecure)
        return response
    }

    private func page(
        _ request: Request,
        next: String,
        name: String = "",
        problem: String? = nil,
        _ status: HTTPResponse.Status = .ok
    ) -> Response {
        let texts = Texts.preferred(by: request)
        let content = Content(
            next: next,
            name: name,
            problem: problem.map { texts[$0, ["minutes": String(Operators.lockoutMinutes)]] },
            language: texts.language,
            isEmulator: services.emulator != nil
        )
        return Response.html(
            services.templates.render("sign-in", ["t": texts.tree, "page": content]),
            status: status
        )
    }
}
