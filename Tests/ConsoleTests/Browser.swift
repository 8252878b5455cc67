import AdminAPI
import Chat
import ChatProtocol
import Console
import Emulator
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Observability
import RostrumTesting
import Testing

/// What a browser does with a console in the same process: keeps its cookie, sends its forms with where they come from.
struct Browser {
    /// What a page is asked for under.
    static let host = "127.0.0.1:8080"

    let console: Console
    let operators: Operators
    let emulator: Console.EmulatorParts?
    /// Where what the console's monitor shows is counted.
    let registry = PrometheusRegistry(exposesProcess: false)
    let monitor: Monitor
    private var cookie: String?
    /// What the forms of the session have in them.
    private(set) var formToken = ""

    init(_ installation: TestInstallation, origins: [String] = [], emulator: Bool = false) async throws {
        let systems = installation.systems
        var parts: Console.EmulatorParts?
        if emulator {
            let clock = try await EmulatorClock(base: installation.clock, database: installation.database)
            let faults = Faults()
            parts = Console.EmulatorParts(clock: clock, faults: faults, log: RequestLog(clock: clock, faults: faults))
        }
        monitor = Monitor(registry)
        console = Console(
            systems,
            catalogue: Catalogue(systems),
            addresses: ConsoleAddresses(origins: origins),
            emulator: parts,
            monitor: monitor,
            logger: Logger(label: "console") { _ in SwiftLogNoOpLogHandler() }
        )
        operators = systems.operators
        self.emulator = parts
    }

    /// Has an operator of a role signed in.
    init(_ installation: TestInstallation, as role: OperatorRole) async throws {
        try await self.init(installation)
        try await signIn(role)
    }

    /// The path of a page of the example application.
    static func path(_ page: String) -> String { "/console/apps/\(SDKAppID.example)/\(page)" }

    /// Signs in an operator of a role, who is made for it; no password is hashed.
    mutating func signIn(_ role: OperatorRole) async throws {
        let name = try #require(OperatorName(rawValue: role.rawValue))
        let owner = try #require(OperatorName(rawValue: "owner"))
        let operation = Operation(performer: "test", time: ManualClock.start, random: SeededRandom())
        _ = try await operators.admit(owner, from: "192.0.2.1")
        if role != .owner {
            _ = try await operators.admit(name, from: "192.0.2.1")
            try await operators.setRole(of: name, to: role, by: operation)
        }
        let token = try await operators.admit(name, from: "192.0.2.1")
        let session = try #require(try await operators.session(token))
        (cookie, formToken) = ("rostrum_console=\(token)", session.formToken)
    }

    func get(_ path: String, headers: HTTPFields = [:]) async throws -> Reply {
        try await send(.get, path, headers: headers)
    }

    /// Sends a form, with the session's token in it unless another is given.
    func post(
        _ path: String,
        _ fields: [String: String] = [:],
        more: [String: String] = [:],
        token: String? = nil,
        headers: HTTPFields = [:]
    ) async throws -> Reply {
        var sent = headers
        if sent[.origin] == nil { sent[.origin] = "http://\(Self.host)" }
        let all = fields.merging(more) { $1 }.merging(["_token": token ?? formToken]) { $1 }
        let body = all.map { "\($0.key.formEncoded)=\($0.value.formEncoded)" }.joined(separator: "&")
        return try await send(.post, path, headers: sent, body: body)
    }

    func send(
        _ method: HTTPRequest.Method,
        _ path: String,
        headers: HTTPFields = [:],
        body: String = "",
        from address: String = "192.0.2.1"
    ) async throws -> Reply {
        let response = await console.respond(to: request(method, path, headers, body), from: address)
        let collector = Collector()
        try await response.body.write(collector)
        return Reply(status: response.status, headers: response.headers, text: await collector.text)
    }

    /// Asks for an answer that goes on.
    ///
    /// - Parameter isRead: whether what comes is read; if not, writing it takes for ever.
    func follow(_ path: String, isRead: Bool = true) async -> Following {
        let response = await console.respond(to: request(.get, path, [:], ""), from: "192.0.2.1")
        let collector = Collector(isRead: isRead)
        return Following(
            status: response.status,
            headers: response.headers,
            collector: collector,
            end: Task { try await response.body.write(collector) }
        )
    }

    private func request(
        _ method: HTTPRequest.Method,
        _ path: String,
        _ headers: HTTPFields,
        _ body: String
    ) -> Request {
        var fields = headers
        if let cookie { fields[.cookie] = cookie }
        let host = fields[.init("Host") ?? .origin] ?? Self.host
        let head = HTTPRequest(method: method, scheme: "http", authority: host, path: path, headerFields: fields)
        return Request(head: head, body: RequestBody(buffer: ByteBuffer(string: body)))
    }

    struct Reply {
        let status: HTTPResponse.Status
        let headers: HTTPFields
        let text: String

        /// Whether all of these stand in the page, as it is written.
        func has(_ texts: String...) -> Bool { texts.allSatisfy(text.contains) }
    }

    /// An answer that goes on.
    struct Following: Sendable {
        let status: HTTPResponse.Status
        let headers: HTTPFields
        fileprivate let collector: Collector
        /// Ends as the answer does.
        let end: Task<Void, any Error>

        /// What has come so far.
        var text: String {
            get async { await collector.text }
        }
    }
}

/// Takes a body as it is written.
private actor Collected {
    private var bytes = ByteBuffer()

    var text: String { String(buffer: bytes) }

    func add(_ part: ByteBuffer) { bytes.writeImmutableBuffer(part) }
}

private struct Collector: ResponseBodyWriter, Sendable {
    let collected = Collected()
    var isRead = true

    var text: String {
        get async { await collected.text }
    }

    func write(_ buffer: ByteBuffer) async throws {
        guard isRead else { return try await Task.sleep(for: .seconds(3600)) }
        await collected.add(buffer)
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

extension String {
    /// As a browser encodes a field of a form.
    fileprivate var formEncoded: String {
        utf8.map { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: String(UnicodeScalar(byte))
            default: "%" + hexadecimal([byte])
            }
        }.joined()
    }
}
