import Hummingbird
import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOSSL

/// Where a door listens.
struct Listener {
    let host: String
    let port: Int
    /// HTTPS with HTTP/2 and HTTP/1.1 by ALPN; plain HTTP/1.1 when nil.
    var tls: TLSConfiguration?

    /// How long a connection may be silent between requests.
    static let idleTimeout = TimeAmount.seconds(120)

    /// The service that listens until it is stopped.
    ///
    /// - Parameter onListening: told the port, which is of interest when 0 was asked for.
    func service<Responder: HTTPResponder>(
        _ responder: Responder,
        logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) async -> Void
    ) throws -> Application<Responder> where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
        let channel = HTTP1Channel.Configuration(
            additionalChannelHandlers: [RequestDeadline(), UpgradeRefusal()],
            idleTimeout: Self.idleTimeout
        )
        let server: HTTPServerBuilder =
            if let tls {
                try .http2Upgrade(
                    tlsConfiguration: tls,
                    configuration: .init(idleTimeout: .seconds(120), streamConfiguration: channel)
                )
            } else {
                .http1(configuration: channel)
            }
        return Application(
            responder: responder,
            server: server,
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), backlog: 4096),
            onServerRunning: { await onListening($0.localAddress?.port ?? 0) },
            logger: logger
        )
    }
}
