import Addresses
import Chat
import ChatProtocol
import NIOSSL
import RostrumTesting
import WebhookDelivery

extension HTTPWebhookSender {
    static let loopback = ["127.0.0.0/8"]

    /// A sender that is closed when `body` ends.
    ///
    /// - Parameter timeout: long unless a test is about it, so that a busy machine changes no outcome.
    static func running<Result>(
        allowing ranges: [String] = loopback,
        timeout: Duration = .seconds(60),
        trustRoots: NIOSSLTrustRoots = .default,
        lookUp: @escaping NameVerdicts.LookUp = HostAddresses.lookUp,
        _ body: (HTTPWebhookSender) async throws -> Result
    ) async rethrows -> Result {
        let policy = AddressPolicy(allowing: ranges.compactMap { AddressRange($0) })
        let sender = HTTPWebhookSender(policy: policy, timeout: timeout, trustRoots: trustRoots, lookUp: lookUp)
        do {
            let result = try await body(sender)
            await sender.close()
            return result
        } catch {
            await sender.close()
            throw error
        }
    }
}

extension WebhookRequest {
    static func example(
        _ url: String,
        body: String = "{}",
        of application: SDKAppID = .example
    ) -> WebhookRequest {
        WebhookRequest(
            application: application,
            url: url,
            headers: [.init("Content-Type", "application/json")],
            body: Array(body.utf8)
        )
    }
}

extension WebhookOutcome {
    static func replied(_ status: Int, _ body: String) -> WebhookOutcome {
        .replied(WebhookReply(status: status, body: Array(body.utf8)))
    }
}
