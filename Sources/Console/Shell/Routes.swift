import Chat
import ChatProtocol
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Web

/// The one way to add a page: it says what an operator must be, and nothing answers before that was judged.
///
/// Reading takes an operator of any role. Changing takes an ``OperatorRole/operator`` at least, a form token, and, by
/// ``CrossSiteGuard``, a page of this console as the sender.
struct Routes {
    private let group: RouterGroup<Context>
    private let services: Services

    init(_ group: RouterGroup<Context>, _ services: Services) {
        (self.group, self.services) = (group, services)
    }

    /// A page to be looked at.
    func get(
        _ path: RouterPath,
        by role: OperatorRole = .readOnly,
        _ answer: @escaping @Sendable (Visit) async throws(ChatError) -> Answer
    ) {
        let services = services
        group.get(path) { request, context in
            try await services.answer(request, context, role) { visit throws(ChatError) in try await answer(visit) }
        }
    }

    /// What a script asks for again and again while a page is open; nobody needs to be there, so no session is prolonged.
    func poll(_ path: RouterPath, _ answer: @escaping @Sendable (Visit) async throws(ChatError) -> Answer) {
        let services = services
        group.get(path) { request, context in
            try await services.answer(request, context, .readOnly, isUse: false) { visit throws(ChatError) in
                try await answer(visit)
            }
        }
    }

    /// A form that changes something.
    func post(
        _ path: RouterPath,
        by role: OperatorRole = .operator,
        limit: Int = Form.longest,
        _ answer: @escaping @Sendable (Visit, Form) async throws(ChatError) -> Answer
    ) {
        precondition(role >= .operator, "who only reads changes nothing")
        change(path, by: role, limit: limit, answer)
    }

    /// A form that changes nothing but what is the operator's own: his password, his session, his language.
    func postOwn(
        _ path: RouterPath,
        _ answer: @escaping @Sendable (Visit, Form) async throws(ChatError) -> Answer
    ) {
        change(path, by: .readOnly, limit: Form.longest, answer)
    }

    /// A form that alone says whether what it asks for changes anything.
    ///
    /// - Parameter judge: reads the form and does nothing yet; only who may do the errand has it done.
    func postErrand(
        _ path: RouterPath,
        limit: Int = Form.longest,
        _ judge: @escaping @Sendable (Visit, Form) async throws(ChatError) -> Errand
    ) {
        change(path, by: .readOnly, limit: limit) { visit, form throws(ChatError) in
            let errand = try await judge(visit, form)
            guard visit.who.role >= errand.role else { return .problem(.forbidden, "errors.role") }
            return try await errand.run()
        }
    }

    private func change(
        _ path: RouterPath,
        by role: OperatorRole,
        limit: Int,
        _ answer: @escaping @Sendable (Visit, Form) async throws(ChatError) -> Answer
    ) {
        let services = services
        group.post(path) { request, context in
            try await services.admit(request, context, role) { visit in
                // Read for whoever may send it, and for nobody else.
                let form = try await Form(request, limit: limit)
                return await visit.reply { () throws(ChatError) in
                    guard areSameSecret(Array(form.token.utf8), Array(visit.session.formToken.utf8)) else {
                        return .problem(.forbidden, "errors.form")
                    }
                    return try await answer(visit, form)
                }
            }
        }
    }

    /// A page for whoever has not signed in yet.
    func open(
        _ method: HTTPRequest.Method,
        _ path: RouterPath,
        _ answer: @escaping @Sendable (Request, Context, Form) async throws(ChatError) -> Response
    ) {
        let services = services
        group.on(path, method: method) { request, context in
            let form: Form
            do {
                form = method == .post ? try await Form(request, limit: Form.longestOfStrangers) : Form()
            } catch let error as any HTTPResponseError {
                // Nobody is signed in for whom a page could be made.
                let key = error.status == .contentTooLarge ? "errors.tooLong" : "errors.form"
                return Response.plain(error.status, Texts.preferred(by: request)[key] + "\n")
            }
            do throws(ChatError) {
                return try await answer(request, context, form)
            } catch {
                return services.failed(error, request, context)
            }
        }
    }

    func file(_ path: String, _ file: WebFile) {
        group.get(RouterPath(path)) { request, _ in file.response(to: request) }
    }
}

/// What a form asks for, and what an operator must be for it.
struct Errand: Sendable {
    fileprivate let role: OperatorRole
    fileprivate let run: @Sendable () async throws(ChatError) -> Answer

    /// - Parameter changes: whether anything may be other than before when it is done.
    init(changes: Bool, _ run: @escaping @Sendable () async throws(ChatError) -> Answer) {
        (role, self.run) = (changes ? .operator : .readOnly, run)
    }
}

extension Services {
    /// Answers a signed-in operator of at least a role.
    func answer(
        _ request: Request,
        _ context: Context,
        _ role: OperatorRole,
        isUse: Bool = true,
        _ answer: (Visit) async throws(ChatError) -> Answer
    ) async throws -> Response {
        try await admit(request, context, role, isUse: isUse) { visit in
            await visit.reply { () throws(ChatError) in try await answer(visit) }
        }
    }

    /// Lets a signed-in operator of at least a role go on.
    fileprivate func admit(
        _ request: Request,
        _ context: Context,
        _ role: OperatorRole,
        isUse: Bool = true,
        _ respond: (Visit) async throws -> Response
    ) async throws -> Response {
        let session: OperatorSession?
        do throws(ChatError) {
            session = try await SessionCookie.session(
                of: request,
                systems.operators,
                isSecure: context.visitor.isSecure,
                isUse: isUse
            )
        } catch {
            return failed(error, request, context)
        }
        guard let session else { return SignInPages.askToSignIn(request) }
        let visit = Visit(request, context, session, self)
        guard session.who.role >= role else {
            return await Answer.problem(.forbidden, "errors.role").response(to: visit)
        }
        return try await respond(visit)
    }

    /// Says what went wrong to whoever is not known to be signed in; of a fault of ours without its cause.
    fileprivate func failed(_ error: ChatError, _ request: Request, _ context: Context) -> Response {
        if let cause = error.cause { context.logger.failed(request.uri.path, cause) }
        return Response.plain(error.isInternalFault ? .internalServerError : .badRequest, error.info + "\n")
    }
}

extension Visit {
    /// What the visitor is answered, and if it is that an operation failed or refuses.
    fileprivate func reply(_ answer: () async throws(ChatError) -> Answer) async -> Response {
        do throws(ChatError) {
            return try await answer().response(to: self)
        } catch {
            if let cause = error.cause { logger.failed(path, cause) }
            return await Answer.refused(error).response(to: self)
        }
    }
}

extension Logger {
    /// - Parameter path: of the page that could not be answered.
    func failed(_ path: String, _ cause: any Error) {
        error(
            "a page of the console failed",
            metadata: ["path": .string(path), "error.cause": .string(String(reflecting: cause))]
        )
    }
}

extension Response {
    static func plain(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status,
            headers: [.contentType: "text/plain; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }

    /// For a script of the console.
    static func json(_ object: JSONObject, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: object.json))
        )
    }
}
