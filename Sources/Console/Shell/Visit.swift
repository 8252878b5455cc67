import Chat
import ChatProtocol
import Hummingbird
import Logging

/// A signed-in operator's request.
struct Visit: Sendable {
    let session: OperatorSession
    let texts: Texts
    let address: String
    let path: String
    let query: Form
    let parameters: Parameters
    let services: Services
    let now: Timestamp
    /// Whether the request came over TLS.
    let isSecure: Bool
    /// Whether only the head of the answer is asked for: what is in the body is not told.
    let isForHead: Bool
    /// What the request was asked for under, such as `127.0.0.1:8080`.
    let host: String
    let logger: Logger

    init(_ request: Request, _ context: Context, _ session: OperatorSession, _ services: Services) {
        (self.session, self.services) = (session, services)
        texts = Texts.preferred(by: request)
        address = context.visitor.address
        isSecure = context.visitor.isSecure
        isForHead = request.method == .head
        host = request.head.authority ?? ""
        logger = context.logger
        path = request.uri.path
        query = Form(query: request.uri.query ?? "")
        parameters = context.parameters
        now = services.systems.clock.now
    }

    var who: Operator { session.who }

    /// Who performs what is done, as the audit names him.
    var performer: String { "operator:\(who.name)" }

    /// For a change of the installation or of an application's settings.
    func operation() -> Operation {
        Operation(performer: performer, address: address, time: now, random: services.systems.random)
    }

    /// For a change within an application: what a REST command would be told, and that an operator did it.
    ///
    /// The application is looked up anew: what is done in many steps ends when it is switched off or deleted meanwhile.
    ///
    /// - Throws: what a REST command would be refused with because of the application, 70020 and 60016; a refusal when it
    ///   has no admin in whose name it could be done.
    func call(for application: Chat.Application) async throws(ChatError) -> Call {
        guard let application = try await services.systems.applications.find(application.id) else {
            throw Self.noApplication("\(application.id)")
        }
        try application.demandEnabled()
        guard let administrator = Self.administrator(of: application) else {
            throw .ofTheConsole(texts["errors.noAdmin"])
        }
        return Call(
            application: application,
            caller: administrator,
            performer: performer,
            address: address,
            requestID: services.systems.random.hex(bytes: 12),
            time: now
        )
    }

    /// The admin in whose name operators act; nil where there is none.
    static func administrator(of application: Chat.Application) -> UserID? {
        application.admins.first { $0.rawValue == "administrator" } ?? application.admins.min()
    }

    /// The application that the path names.
    ///
    /// - Throws: 70020 when there is none.
    func application() async throws(ChatError) -> Chat.Application {
        let text = parameters.get("app") ?? ""
        guard let id = SDKAppID(text), let application = try await services.systems.applications.find(id) else {
            throw Self.noApplication(text)
        }
        return application
    }

    private static func noApplication(_ text: String) -> ChatError {
        ChatError(.applicationNotFound, "There is no application \(text).")
    }

    /// A parameter of the query, empty when it is not there.
    func asked(_ name: String) -> String { query[name] }

    /// Where a page of a list begins, by a parameter of the query; empty on the first page.
    ///
    /// - Throws: that there is no such place, for what no ID or key can be.
    func cursor(_ name: String) throws(ChatError) -> String {
        let text = asked(name)
        guard Self.isKey(text) else { throw .absent(texts["errors.noPlace"]) }
        return text
    }

    /// The same, where it is a text of several parts; nil on the first page.
    ///
    /// - Parameter read: takes the text apart; nil for one that is no place.
    func place<Place>(_ name: String, _ read: (String) -> Place?) throws(ChatError) -> Place? {
        let text = try cursor(name)
        guard !text.isEmpty else { return nil }
        guard let place = read(text) else { throw .absent(texts["errors.noPlace"]) }
        return place
    }

    /// The delivery that the path names.
    ///
    /// - Throws: that there is none, for what no delivery's ID can be.
    func delivery() throws(ChatError) -> String {
        let text = named("delivery")
        guard Self.isKey(text) else { throw .absent(texts["webhooks.noDelivery"]) }
        return text
    }

    /// Whether a key of the storage can be so; PostgreSQL takes no NUL, not even to compare with.
    private static func isKey(_ text: String) -> Bool { text.utf8.allSatisfy { (0x20...0x7E).contains($0) } }

    /// A parameter of the path, decoded.
    func named(_ name: String) -> String {
        let text = parameters.get(name) ?? ""
        return (try? URLParameters.decoded(Array(text.utf8)[...])) ?? text
    }
}
