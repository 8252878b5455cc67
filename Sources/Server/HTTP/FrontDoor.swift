import AdminAPI
import ChatProtocol
import Console
import Emulator
import Gateway
import Handbook
import HTTPTypes
import Hummingbird
import NIOCore
import Traces
import Web
import WebSockets

/// Takes what comes in by HTTP to the room that answers it.
struct FrontDoor: HTTPResponder {
    /// What is known of a connection.
    struct Context: InitializableFromSource {
        let peer: String
        /// A stream of HTTP/2 has the connection for its parent, and that the listener.
        let isStream: Bool

        init(source: ApplicationRequestContextSource) {
            peer = source.channel.remoteAddress?.ipAddress ?? ""
            isStream = source.channel.parent?.parent != nil
        }
    }

    let api: AdminAPI
    let health: Health
    /// What this node runs of what is reached by HTTP.
    var roles = Set(Role.allCases)
    /// Only under `rostrum dev`.
    let doors: EmulatorDoors?
    /// The operator's pages; nil where they are off, or have a port of their own.
    var console: Console?
    let clientAddress: ClientAddress
    let propagator: W3CPropagator

    func respond(to request: Request, context: Context) async throws -> Response {
        var response = await answer(request, context)
        // A success would open a tunnel (RFC 9110 section 9.3.6), through which a proxy lets pass whatever follows.
        if request.method == .connect, response.status.kind == .successful { response.status = .notImplemented }
        // HTTP forbids a body here, whatever else the answer is; a caller would take it for the next answer.
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(_ request: Request, _ context: Context) async -> Response {
        let target = request.head.path ?? "/"
        let mark = target.utf8.firstIndex(of: UInt8(ascii: "?"))
        let path = target[..<(mark ?? target.endIndex)]
        switch path {
        case "/healthz": return Health.alive
        case "/readyz": return await health.ready()
        // Requests to upgrade as they should be never come this far, except after another on their connection.
        case Gateway.path:
            guard roles.contains(.gateway) else { return notHere(.gateway) }
            let error = ChatError(
                .httpParsingFailed,
                "The path takes a WebSocket upgrade, by GET and as the first request of a connection."
            )
            return Self.upgradeRequired(api.refusal(error), context)
        case "/openapi.json" where doors != nil && (request.method == .get || request.method == .head):
            return Self.openAPI
        default: break
        }
        if Handbook.covers(path) { return documentation(at: path, request) }
        if let console, Console.covers(path) {
            return await propagator.inSpan(of: request.headers) {
                await console.respond(to: request, from: address(request, context))
            }
        }
        if request.method == .get || request.method == .head, let file = file(at: String(path)) {
            return file.response(to: request)
        }
        if let doors, path.hasPrefix("/dev/") || path == EmulatorDoors.demoSettings {
            return await open(doors, path, request, context)
        }
        guard roles.contains(.api) else { return notHere(.api) }
        let query = mark.map { target[target.index(after: $0)...] } ?? ""
        let incoming = IncomingRequest(
            method: request.method.rawValue,
            announcesBody: Self.announcesBody(request, isStream: context.isStream),
            path: path,
            query: query,
            idempotencyKey: request.headers[.idempotencyKey],
            address: address(request, context),
            readBody: { limit in await Self.read(request, limit: limit, isStream: context.isStream) }
        )
        let reply = await propagator.inSpan(of: request.headers) { await api.answer(incoming) }
        return Response(
            status: .ok,
            headers: Self.replyHeaders,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: reply))
        )
    }

    private func address(_ request: Request, _ context: Context) -> String {
        clientAddress.find(peer: context.peer, forwarded: request.headers[values: .xForwardedFor])
    }

    /// Says that another node has to be asked: whoever sent the request here sent it to the wrong one.
    private func notHere(_ role: Role) -> Response {
        let error = ChatError(
            .unknownCommand,
            "This node does not run the role \(role.rawValue); ask one that does."
        )
        return refused(.notFound, error)
    }

    private func refused(_ status: HTTPResponse.Status, _ error: ChatError) -> Response {
        Response(
            status: status,
            headers: Self.replyHeaders,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: api.refusal(error)))
        )
    }

    /// Only the emulator has pages there; elsewhere who looks for them is told where they are.
    private func documentation(at path: Substring, _ request: Request) -> Response {
        guard doors != nil, request.method == .get || request.method == .head else {
            let error = ChatError(.unknownCommand, "The documentation is served by rostrum dev, and can be read only.")
            return refused(.notFound, error)
        }
        let handbook = Handbook()
        if let file = handbook.file(at: path) { return file.response(to: request) }
        var response = handbook.missing.response(to: request)
        response.status = .notFound
        return response
    }

    private func file(at path: String) -> WebFile? {
        WebFile.sdk[path] ?? (doors == nil ? nil : WebFile.demo[path])
    }

    /// - Parameter body: in JSON.
    private static func upgradeRequired(_ body: [UInt8], _ context: Context) -> Response {
        var headers: HTTPFields = [.contentType: "application/json", .secWebSocketVersion: UpgradeHandshake.version]
        // HTTP/2 has neither of these two, nor an upgrade.
        if !context.isStream { (headers[.upgrade], headers[.connection]) = ("websocket", "upgrade") }
        return Response(
            status: .upgradeRequired,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: body))
        )
    }

    /// The commands as an OpenAPI document; it is the same for everybody, so pages of any origin may read it.
    private static let openAPI = Response(
        status: .ok,
        headers: [.contentType: "application/json", .accessControlAllowOrigin: "*"],
        body: ResponseBody(byteBuffer: ByteBuffer(string: OpenAPIDocument(Catalogue.cards).json.indentedText + "\n"))
    )

    /// The headers of the documentation's sample reply (spec/conventions.md section 3).
    private static let replyHeaders: HTTPFields = [
        .contentType: "application/json",
        .accessControlAllowOrigin: "*",
        .accessControlAllowHeaders: "X-Requested-With",
        .accessControlAllowMethods: "POST",
    ]

    /// Whether a body is to come: without either header only a stream of HTTP/2 may have one (RFC 9112 section 6).
    private static func announcesBody(_ request: Request, isStream: Bool) -> Bool {
        if let length = request.headers[.contentLength] { return Int(digits: length) != 0 }
        return isStream || request.headers[.transferEncoding] != nil
    }

    /// How much of a body over its limit is read for the caller's sake, in bytes.
    private static let mostOverflow = 8 * 1_048_576

    private static func read(_ request: Request, limit: Int, isStream: Bool) async -> IncomingRequest.Body {
        // Whoever announces far too much is answered at once; what he sends nevertheless is his connection's affair.
        // But the end of a stream that is not read to its end would never reach him; the deadline bounds that.
        let mostOverflow = isStream ? Int.max / 2 : Self.mostOverflow
        let announced = request.headers[.contentLength].flatMap { Int(digits: $0) } ?? 0
        guard announced <= limit + mostOverflow else { return .tooLarge }
        do {
            var body: [UInt8] = []
            var count = 0
            body.reserveCapacity(min(announced, limit))
            for try await part in request.body {
                count += part.readableBytes
                // What is somewhat too long is read to its end and thrown away: many callers, those of HTTP/2 among
                // them, look for an answer only when they have sent everything.
                guard count <= limit + mostOverflow else { return .tooLarge }
                if count <= limit { body += part.readableBytesView }
            }
            return count <= limit ? .complete(body) : .tooLarge
        } catch {
            return .incomplete
        }
    }

    private func open(
        _ doors: EmulatorDoors,
        _ path: Substring,
        _ request: Request,
        _ context: Context
    ) async -> Response {
        let limit = 65_536
        let answer: EmulatorDoors.Answer
        switch await Self.read(request, limit: limit, isStream: context.isStream) {
        case .tooLarge: answer = .refusal(413, "The body is longer than \(limit) bytes.")
        case .incomplete: answer = .refusal(400, "The body did not arrive in full; send it again.")
        case .complete(let body):
            answer = await doors.answer(
                EmulatorDoors.Request(
                    method: request.method.rawValue,
                    path: path,
                    host: request.head.authority,
                    origin: request.headers[.origin],
                    isForwarded: request.headers.contains(.xForwardedFor) || request.headers.contains(.forwarded),
                    address: context.peer,
                    body: body
                )
            )
        }
        guard answer.status != HTTPResponse.Status.upgradeRequired.code else {
            return Self.upgradeRequired(answer.body, context)
        }
        return Response(
            status: HTTPResponse.Status(code: answer.status),
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer.body))
        )
    }
}
