import ChatProtocol
import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// The port without TLS of a server that is reached by HTTPS: it sends browsers there, and takes no call.
///
/// A call is not sent on: its UserSig was readable on the way, and a client that is told where to go would never be
/// mended.
struct RedirectDoor: HTTPResponder {
    struct Context: InitializableFromSource {
        init(source: ApplicationRequestContextSource) {}
    }

    /// The port of HTTPS as it is known, 0 before it listens.
    final class Target: Sendable {
        private let known: Mutex<Int>

        init(port: Int) {
            known = Mutex(port)
        }

        var port: Int {
            get { known.withLock { $0 } }
            set { known.withLock { $0 = newValue } }
        }
    }

    let target: Target
    /// Addresses such as `https://console.example.com`, which are reached at the port that they name.
    let origins: [String]
    /// Makes the envelope of a refusal.
    let refusal: @Sendable (ChatError) -> [UInt8]

    func respond(to request: Request, context: Context) async throws -> Response {
        let response = answer(request)
        return request.method == .head ? response.createHeadResponse() : response
    }

    private func answer(_ request: Request) -> Response {
        let path = request.head.path ?? "/"
        let isPage = [.get, .head].contains(request.method) && path.hasPrefix("/") && !path.hasPrefix("/v4/")
        guard isPage, let host = Self.host(request.head.authority ?? "") else {
            let error = ChatError(
                .httpParsingFailed,
                "This port takes no calls: send them to https://. The UserSig of this one may have been read on its way."
            )
            return Response(
                status: .forbidden,
                headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: refusal(error)))
            )
        }
        guard let base = base(of: host) else { return Response(status: .serviceUnavailable) }
        // The port of HTTPS may be another tomorrow, and browsers keep a 308 for good.
        return Response(status: .permanentRedirect, headers: [.location: base + path, .cacheControl: "no-store"])
    }

    private func base(of host: Substring) -> String? {
        let named = origins.first { $0 == "https://\(host)" || $0.hasPrefix("https://\(host):") }
        if let named { return named }
        switch target.port {
        case 0: return nil
        case 443: return "https://\(host)"
        default: return "https://\(host):\(target.port)"
        }
    }

    /// The host without its port; nil when it is none that may stand in a URL.
    private static func host(_ authority: String) -> Substring? {
        let host: Substring
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            host = authority[...end]
        } else {
            host = authority.prefix { $0 != ":" }
        }
        let isPlain = host.utf8.allSatisfy { byte in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || ".-:[]".utf8.contains(byte)
        }
        return isPlain && !host.isEmpty ? host : nil
    }
}
