package import AdminAPI
package import Chat
package import ChatProtocol
package import Logging
import UserSig

/// The REST API in process, with a client that signs: the way from a URL's query to an envelope, without HTTP.
///
/// ```swift
/// try await StorageEngine.sqlite.withAPI { api in
///     let reply = try await api.call("account_import", #"{"UserID":"anna"}"#)
///     #expect(reply.code == .ok)
/// }
/// ```
package struct TestAPI: Sendable {
    /// A request before it is sent, to be spoiled as a test likes.
    package struct Request: Sendable {
        package var method = "POST"
        package var path: String
        /// In their order; escaped when the request is sent.
        package var query: [(name: String, value: String)]
        package var idempotencyKey: String?
        package var address = "192.0.2.1"
        package var body: IncomingRequest.Body

        /// Sets a parameter of the URL where it stands or adds it; nil takes it away.
        package mutating func set(_ name: String, to value: String?) {
            guard let value else { return query.removeAll { $0.name == name } }
            if let position = query.firstIndex(where: { $0.name == name }) {
                query[position].value = value
            } else {
                query.append((name, value))
            }
        }
    }

    package let installation: TestInstallation
    package let catalogue: Catalogue
    private let api: AdminAPI

    /// - Parameter logger: where the API logs; nowhere unless it is given.
    package init(
        _ installation: TestInstallation,
        observer: (any CallObserver)? = nil,
        logger: Logger = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
    ) {
        self.installation = installation
        catalogue = Catalogue(installation.systems)
        api = AdminAPI(
            catalogue: catalogue,
            admission: Admission(
                applications: installation.applications,
                authentication: installation.authentication
            ),
            clock: installation.clock,
            random: installation.random,
            observer: observer,
            metrics: installation.metrics,
            logger: logger
        )
    }

    /// The URL's path of a command's name; a path is taken as it is.
    package func path(of command: String) -> String {
        guard !command.hasPrefix("/") else { return command }
        let card = catalogue.commands.map { type(of: $0).card }.first { $0.name == command }
        return "/v4/" + (card?.path ?? command)
    }

    /// A request that is right in everything.
    ///
    /// - Parameters:
    ///   - command: the last part of its path, or a whole path.
    ///   - key: what the UserSig is made with; it is made at the installation's time.
    package func request(
        _ command: String,
        _ body: String = "{}",
        as caller: UserID = .administrator,
        of application: SDKAppID = .example,
        signedWith key: String = NewApplication.exampleKey
    ) -> Request {
        let userSig = UserSig.example(
            for: caller,
            of: application,
            key: key,
            issuedAt: installation.clock.now
        )
        return Request(
            path: path(of: command),
            query: [
                ("sdkappid", application.description), ("identifier", caller.rawValue), ("usersig", userSig),
                ("random", "99999999"), ("contenttype", "json"),
            ],
            body: .complete(Array(body.utf8))
        )
    }

    /// Sends a request as it stands.
    ///
    /// - Throws: ``Reply/Broken`` when the answer is no complete envelope.
    package func send(_ request: Request) async throws -> Reply {
        let pairs = request.query.map { Self.escaped($0.name) + "=" + Self.escaped($0.value) }
        return try await send(request, query: pairs.joined(separator: "&"))
    }

    /// Sends a request with another query string, which is not escaped.
    package func send(_ request: Request, query: String) async throws -> Reply {
        let body = request.body
        let hasBody = if case .complete(let bytes) = body { !bytes.isEmpty } else { true }
        return try Reply(
            await api.answer(
                IncomingRequest(
                    method: request.method,
                    announcesBody: hasBody,
                    path: request.path[...],
                    query: query[...],
                    idempotencyKey: request.idempotencyKey,
                    address: request.address,
                    readBody: { limit in
                        if case .complete(let bytes) = body, bytes.count > limit { return .tooLarge }
                        return body
                    }
                )
            )
        )
    }

    /// Signs and sends.
    ///
    /// - Parameter overrides: parameters of the URL in place of the right ones; nil takes one away.
    package func call(
        _ command: String,
        _ body: String = "{}",
        as caller: UserID = .administrator,
        of application: SDKAppID = .example,
        signedWith key: String = NewApplication.exampleKey,
        idempotencyKey: String? = nil,
        query overrides: [String: String?] = [:],
        method: String = "POST",
        address: String = "192.0.2.1"
    ) async throws -> Reply {
        var request = request(command, body, as: caller, of: application, signedWith: key)
        for (name, value) in overrides { request.set(name, to: value) }
        (request.method, request.address, request.idempotencyKey) = (method, address, idempotencyKey)
        return try await send(request)
    }

    /// Signs and sends bytes that need not be text, or a body that did not come.
    package func call(
        _ command: String,
        sending body: IncomingRequest.Body,
        as caller: UserID = .administrator
    ) async throws -> Reply {
        var request = request(command, as: caller)
        request.body = body
        return try await send(request)
    }

    private static func escaped(_ text: String) -> String {
        var escaped: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "*"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                escaped.append(byte)
            default:
                escaped += "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }
}

extension StorageEngine {
    /// Hands `body` an API over an installation of its own; calls are not counted unless the test says so.
    package func withAPI<Value>(
        plan: Plan = .enterprise,
        overrides: [Limits.Name: Int64] = [.callsPerSecond: 0],
        observer: (any CallObserver)? = nil,
        logger: Logger = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() },
        _ body: (TestAPI) async throws -> Value
    ) async throws -> Value {
        try await withInstallation(plan: plan, overrides: overrides) { installation in
            try await body(TestAPI(installation, observer: observer, logger: logger))
        }
    }
}
