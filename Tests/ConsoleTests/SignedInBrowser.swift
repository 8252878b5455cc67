import AdminAPI
import Chat
import ChatProtocol
import Console
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Observability
import RostrumTesting
import Synchronization

/// What a browser is to the console, in process: it keeps the session's cookie and sends forms as pages have them.
struct SignedInBrowser: Sendable {
    private static let host = "127.0.0.1:8080"

    private let console: Console
    private let cookie: String
    private let formToken: String

    /// Signs an operator in whom this makes.
    init(_ installation: TestInstallation, as role: OperatorRole = .owner) async throws {
        console = Console(
            installation.systems,
            catalogue: Catalogue(installation.systems),
            addresses: ConsoleAddresses(),
            emulator: nil,
            monitor: Monitor(PrometheusRegistry(exposesProcess: false)),
            logger: Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
        )
        let operators = installation.systems.operators
        // There is always an owner, who may be the only one.
        _ = try await operators.admit(OperatorName("first"), from: "127.0.0.1")
        let name = OperatorName("alice")
        cookie = try await operators.admit(name, from: "127.0.0.1")
        try await operators.setRole(of: name, to: role, by: installation.operation())
        formToken = try await operators.session(cookie)?.formToken ?? ""
    }

    struct Reply: Sendable {
        let status: HTTPResponse.Status
        let headers: HTTPFields
        let text: String

        /// Whether all of these stand in the page, as it is written.
        func has(_ texts: String...) -> Bool { texts.allSatisfy(text.contains) }
    }

    func get(_ path: String, language: String = "en") async throws -> Reply {
        try await send(.get, path, body: "", language)
    }

    /// Sends a form to a path under `/console`.
    ///
    /// - Parameter token: in place of the session's own.
    func post(_ path: String, _ fields: [String: String] = [:], token: String? = nil) async throws -> Reply {
        let all = fields.merging(["_token": token ?? formToken]) { own, _ in own }
        let body = all.map { "\($0.key)=\(Self.escaped($0.value))" }.joined(separator: "&")
        return try await send(.post, path, body: body, "en")
    }

    private func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        body: String,
        _ language: String
    ) async throws -> Reply {
        let headers: HTTPFields = [
            .cookie: "rostrum_console=\(cookie)", .origin: "http://\(Self.host)", .acceptLanguage: language,
            .contentType: "application/x-www-form-urlencoded",
        ]
        let request = Request(
            head: HTTPRequest(
                method: method,
                scheme: "http",
                authority: Self.host,
                path: Console.path + path,
                headerFields: headers
            ),
            body: RequestBody(buffer: ByteBuffer(string: body))
        )
        let response = await console.respond(to: request, from: "127.0.0.1")
        let collected = Collected()
        try await response.body.write(collected)
        return Reply(status: response.status, headers: response.headers, text: collected.text)
    }

    private static func escaped(_ text: String) -> String {
        text.utf8.map { "%" + ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}

extension OperatorName {
    fileprivate init(_ text: String) {
        guard let name = OperatorName(rawValue: text) else { preconditionFailure("\(text) is no operator's name") }
        self = name
    }
}

/// What was written of a body.
private final class Collected: ResponseBodyWriter {
    private let bytes = Mutex<[UInt8]>([])

    var text: String { String(decoding: bytes.withLock { $0 }, as: UTF8.self) }

    func write(_ buffer: ByteBuffer) async throws {
        bytes.withLock { $0 += Array(buffer.readableBytesView) }
    }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
