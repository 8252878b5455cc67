import AsyncHTTPClient
package import Chat
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension WebhookOutcome {
    /// What to note of an attempt that ended with `error`: that time ran out, or words that an operator can act on,
    /// without the URL (its query holds a signature).
    package init(failure error: any Error) {
        switch error {
        case let refusal as DeliveryRefusal: self = .failed(refusal.words)
        case let error as HTTPClientError: self.init(client: error)
        case let error as NIOConnectionError: self.init(connecting: error)
        case let error as IOError: self.init(errno: error.errnoCode)
        case ChannelError.connectTimeout: self = .timedOut
        case is ChannelError: self = .failed(Self.closed)
        case is HTTPParserError: self = .failed("the reply is not HTTP/1.1")
        case NIOSSLError.uncleanShutdown: self = .failed(Self.closed)
        case NIOSSLError.handshakeFailed(let cause): self = .failed(Self.words(handshake: cause))
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            self = .failed("TLS: the certificate is not for this host")
        case NIOSSLError.noCertificateToValidate, NIOSSLError.unableToValidateCertificate:
            self = .failed(Self.untrusted)
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError: self = .failed(Self.tls)
        case is CancellationError: self = .cancelled
        default: self = .failed("the request failed")
        }
    }

    private static let closed = "the connection was closed before the reply ended"
    private static let tls = "TLS: the handshake failed"
    private static let untrusted = "TLS: the certificate is not trusted"

    private init(client error: HTTPClientError) {
        switch error {
        case .deadlineExceeded, .connectTimeout, .tlsHandshakeTimeout, .getConnectionFromPoolTimeout, .readTimeout,
            .writeTimeout:
            self = .timedOut
        case .remoteConnectionClosed: self = .failed(Self.closed)
        case .cancelled, .alreadyShutdown: self = .cancelled
        default:
            // The client's own words for whatever is left, of which a sender of plain POSTs should see none.
            self = .failed("the request failed: \(error.shortDescription.lowercased())")
        }
    }

    private init(connecting error: NIOConnectionError) {
        guard let last = error.connectionErrors.last else {
            self = .failed(DeliveryRefusal.unknownName(error.host).words)
            return
        }
        self.init(failure: last.error)
    }

    private init(errno code: Int32) {
        switch code {
        case ETIMEDOUT: self = .timedOut
        case ECONNREFUSED: self = .failed("the connection was refused")
        case ECONNRESET, EPIPE: self = .failed(Self.closed)
        case EHOSTUNREACH: self = .failed("no route to the host")
        case ENETUNREACH, EADDRNOTAVAIL: self = .failed("no route to the network")
        case EMFILE, ENFILE: self = .failed("the server has no file descriptor left")
        default: self = .failed("the connection failed (errno \(code))")
        }
    }

    private static func words(handshake cause: BoringSSLError) -> String {
        switch cause {
        case .sslError(let stack) where stack.contains { $0.description.contains("CERTIFICATE_VERIFY_FAILED") }:
            untrusted
        default: tls
        }
    }
}
