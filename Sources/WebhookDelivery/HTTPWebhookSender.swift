import AsyncHTTPClient
package import Chat
import NIOCore
import ChatProtocol
import NIOPosix
package import NIOSSL
import Synchronization
import TLSPolicy

/// Posts webhooks over HTTP/1.1, on connections that are kept for the next one.
///
/// No redirect, no proxy, no decompression. Each application has connections of its own, at most 64 to a host, and what
/// finds none free waits its 2 s: a backend that hangs holds up its own webhooks, also where others share its host. An
/// address is judged three times: spelled out in the URL, before anything is opened; where a name
/// leads, before anything is opened; and of each connection that was made, before a request is written to it. The last
/// is the one that counts, since a name may lead elsewhere from one moment to the next. Over HTTPS it comes after the
/// handshake, which shows the address no more than the name.
///
/// Must be closed before it is let go of.
package final class HTTPWebhookSender: WebhookSender {
    private let eventLoop: any EventLoop
    private let configuration: HTTPClient.Configuration
    /// One for each application that had a webhook to post; nil when closed.
    private let clients = Mutex<[SDKAppID: HTTPClient]?>([:])
    private let policy: AddressPolicy
    private let timeout: TimeAmount
    private let names: NameVerdicts

    /// - Parameters:
    ///   - trustRoots: whose certificates are believed.
    ///   - timeout: from the lookup of a name to the last byte of the reply.
    ///   - lookUp: the addresses that a name leads to, for the check before a connection; may block.
    package init(
        policy: AddressPolicy,
        timeout: Duration = WebhookRequest.timeout,
        trustRoots: NIOSSLTrustRoots = .default,
        lookUp: @escaping NameVerdicts.LookUp = HostAddresses.lookUp
    ) {
        // One loop for all. With several, a request and its connection may stand on two, and a backend that answers
        // before it has the whole request and then closes can bring the client (1.37.0) to release a connection that
        // is gone, which stops the process.
        eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        self.policy = policy
        self.timeout = TimeAmount(timeout)
        configuration = Self.configuration(policy, self.timeout, trustRoots)
        names = NameVerdicts(policy: policy, lookUp: lookUp)
    }

    package func post(_ webhook: WebhookRequest) async -> WebhookOutcome {
        let deadline = NIODeadline.now() + timeout
        do {
            let request = try HTTPClient.Request(webhook)
            try await admit(request.bareHost, until: deadline)
            guard let client = client(of: webhook.application) else { return .cancelled }
            let task = client.execute(request: request, delegate: ReplyCollector(), deadline: deadline)
            let reply = try await withTaskCancellationHandler {
                try await task.get()
            } onCancel: {
                task.cancel()
            }
            return .replied(reply)
        } catch let reply as ReplyCollector.TooLong {
            return .replied(WebhookReply(status: reply.status, body: [], isWhole: false))
        } catch {
            // A request that waited for a connection in vain is told of the last failed attempt, which may be another's.
            let outcome = WebhookOutcome(failure: error)
            return outcome == .cancelled || NIODeadline.now() < deadline ? outcome : .timedOut
        }
    }

    /// Ends what is under way and closes all connections.
    package func close() async {
        let open = clients.withLock { clients in
            defer { clients = nil }
            return clients ?? [:]
        }
        // It fails only when it is closed already.
        for client in open.values { try? await client.shutdown() }
    }

    private func client(of application: SDKAppID) -> HTTPClient? {
        clients.withLock { clients in
            if let client = clients?[application] { return client }
            guard clients != nil else { return nil }
            let client = HTTPClient(eventLoopGroup: eventLoop, configuration: configuration)
            clients?[application] = client
            return client
        }
    }

    /// - Throws: ``DeliveryRefusal`` when the host leads to no address that may be reached.
    private func admit(_ host: String, until deadline: NIODeadline) async throws {
        if let address = HostAddresses.literal(host) {
            guard policy.permits(address) else { throw DeliveryRefusal.address(address) }
            return
        }
        switch try await verdict(on: host, until: deadline) {
        case .permitted: return
        case .refused(let address): throw DeliveryRefusal.address(address)
        case .notFound: throw DeliveryRefusal.unknownName(host)
        }
    }

    private func verdict(on name: String, until deadline: NIODeadline) async throws -> NameVerdicts.Verdict {
        let promise = eventLoop.makePromise(of: NameVerdicts.Verdict.self)
        let alarm = eventLoop.scheduleTask(deadline: deadline) { promise.fail(HTTPClientError.deadlineExceeded) }
        names.verdict(on: name, eventLoop: eventLoop).cascade(to: promise)
        defer { alarm.cancel() }
        return try await promise.futureResult.get()
    }

    private static func configuration(
        _ policy: AddressPolicy,
        _ timeout: TimeAmount,
        _ trustRoots: NIOSSLTrustRoots
    ) -> HTTPClient.Configuration {
        var tls = TLSConfiguration.makeClientConfiguration().modern
        tls.trustRoots = trustRoots
        var configuration = HTTPClient.Configuration(
            tlsConfiguration: tls,
            redirectConfiguration: .disallow,
            timeout: .init(connect: timeout),
            connectionPool: .init(idleTimeout: .seconds(30), concurrentHTTP1ConnectionsPerHostSoftLimit: 64),
            decompression: .disabled
        )
        configuration.httpVersion = .http1Only
        // Nobody looks at traces here, and making one for each attempt costs 3 % of it.
        configuration.tracing.tracer = nil
        // An attempt that failed is tried again from the outbox. Nor could it be left on: a connection that the check
        // below refuses would end twice for the client (1.37.0), once as refused and once as closed, and it would take
        // that for a bug of its own and stop the process.
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.http1_1ConnectionDebugInitializer = { channel in
            guard let address = channel.remoteAddress?.ipAddress else {
                return channel.eventLoop.makeFailedFuture(ChannelError.ioOnClosedChannel)
            }
            guard !policy.permits(address) else { return channel.eventLoop.makeSucceededVoidFuture() }
            // The client forgets the connection but leaves it open.
            channel.close(promise: nil)
            return channel.eventLoop.makeFailedFuture(DeliveryRefusal.address(address))
        }
        return configuration
    }
}
