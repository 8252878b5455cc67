import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import WebSockets

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Where a door listens.
struct Listener {
    let host: String
    let port: Int
    /// The name of the setting that `host` comes from.
    let hostSetting: String
    /// HTTPS with HTTP/2 and HTTP/1.1 by ALPN; plain HTTP/1.1 when nil.
    var certificate: ServedCertificate?

    /// How long a connection may be silent between requests.
    static let idleTimeout = Duration.seconds(120)

    /// The service that listens until it is stopped.
    ///
    /// - Parameters:
    ///   - doors: who decides about requests to upgrade to WebSocket, by path. The responder is asked about requests for
    ///     these paths that are none.
    ///   - onListening: told the port, which is of interest when 0 was asked for.
    func service<Responder: HTTPResponder>(
        _ responder: Responder,
        doors: [String: any WebSocketDoor] = [:],
        logger: Logger,
        onListening: @escaping @Sendable (_ port: Int) async -> Void
    ) throws -> some Service where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
        PlainChannel.makeTypes()
        let certificate = certificate
        let server = HTTPServerBuilder { responder in
            let plain = PlainChannel(responder: responder, doors: doors, isSecure: certificate != nil)
            guard let certificate else { return plain }
            return SecureChannel(certificate, http1: plain)
        }
        let application = Application(
            responder: responder,
            server: server,
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), backlog: 4096),
            onServerRunning: { await onListening($0.localAddress?.port ?? 0) },
            logger: logger
        )
        return ListeningService(listener: self, application: application)
    }
}

/// Listens until it is stopped, and says where when it cannot.
private struct ListeningService<Responder: HTTPResponder>: Service
where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
    let listener: Listener
    let application: Application<Responder>

    func run() async throws {
        do {
            try await application.run()
        } catch {
            let number = (error as? IOError)?.errnoCode
            let reason = number.map { String(cString: strerror($0)) } ?? "\(error)"
            let explanation = "cannot listen on \(listener.host) port \(listener.port): \(reason)"
            guard error is SocketAddressError || error is SocketAddressError.UnknownHost || number == EADDRNOTAVAIL
            else {
                throw StartError(explanation)
            }
            throw SettingError(listener.hostSetting, "must be an address or a name of this machine; \(explanation)")
        }
    }
}
