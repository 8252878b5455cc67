import AsyncHTTPClient
import Chat
import NIOCore
import NIOHTTP1
import NIOSSL
import Testing
import WebhookDelivery

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What an operator reads of an attempt that failed.
@Suite struct FailureWordsTests {
    @Test(
        "what ran out of time has timed out",
        arguments: [
            HTTPClientError.deadlineExceeded, HTTPClientError.connectTimeout, HTTPClientError.tlsHandshakeTimeout,
            HTTPClientError.getConnectionFromPoolTimeout, HTTPClientError.readTimeout, HTTPClientError.writeTimeout,
            ChannelError.connectTimeout(.seconds(2)), IOError(errnoCode: ETIMEDOUT, reason: "connect"),
        ] as [any Error]
    )
    func timeouts(error: any Error) {
        #expect(WebhookOutcome(failure: error) == .timedOut)
    }

    @Test(
        "everything else has words of its own, without the name of a type",
        arguments: [
            (HTTPClientError.remoteConnectionClosed, "the connection was closed before the reply ended"),
            (ChannelError.ioOnClosedChannel, "the connection was closed before the reply ended"),
            (IOError(errnoCode: ECONNRESET, reason: "read"), "the connection was closed before the reply ended"),
            (NIOSSLError.uncleanShutdown, "the connection was closed before the reply ended"),
            (IOError(errnoCode: ECONNREFUSED, reason: "connect"), "the connection was refused"),
            (IOError(errnoCode: EHOSTUNREACH, reason: "connect"), "no route to the host"),
            (IOError(errnoCode: ENETUNREACH, reason: "connect"), "no route to the network"),
            (IOError(errnoCode: EMFILE, reason: "socket"), "the server has no file descriptor left"),
            (IOError(errnoCode: EIO, reason: "read"), "the connection failed (errno 5)"),
            (HTTPClientError.requestStreamCancelled, "the request failed: request stream cancelled"),
            (HTTPParserError.invalidConstant, "the reply is not HTTP/1.1"),
            (NIOSSLExtraError.failedToValidateHostname, "TLS: the certificate is not for this host"),
            (NIOSSLError.unableToValidateCertificate, "TLS: the certificate is not trusted"),
            (NIOSSLError.handshakeFailed(.sslError([.eofDuringHandshake])), "TLS: the handshake failed"),
            (BoringSSLError.zeroReturn, "TLS: the handshake failed"), (EventLoopError.shutdown, "the request failed"),
        ] as [(any Error, String)]
    )
    func words(error: any Error, words: String) {
        #expect(WebhookOutcome(failure: error) == .failed(words))
    }

    @Test(
        "our own end is no failure of a backend's",
        arguments: [HTTPClientError.cancelled, CancellationError(), HTTPClientError.alreadyShutdown] as [any Error]
    )
    func ownEnd(error: any Error) {
        #expect(WebhookOutcome(failure: error) == .cancelled)
    }
}
