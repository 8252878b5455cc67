package import ChatProtocol
import Crypto
package import Traces

/// One event as it is told to a backend: what is the same in every attempt.
package struct WebhookCall: Sendable, Equatable {
    /// The event's id for the receiver, the same on every retry: `X-Rostrum-Delivery`.
    package let delivery: String
    /// The `CallbackCommand`.
    package let command: String
    /// The exact bytes that are sent, and signed.
    package let body: [UInt8]
    /// The address of whoever caused the event.
    package let clientAddress: String
    package let platform: ClientPlatform
    /// The trace of the call that caused the event; nil when it has none.
    package let trace: TraceContext?

    /// One attempt, at a moment, under the application's settings as they are then.
    ///
    /// - Returns: nil when the application has no URL.
    package func request(
        of application: SDKAppID,
        _ settings: WebhookSettings,
        at now: Timestamp
    ) -> WebhookRequest? {
        guard let url = settings.url else { return nil }
        var query = "?SdkAppid=\(application)&CallbackCommand=\(command)&contenttype=json"
        // An IPv6 address may have a zone, which means nothing elsewhere.
        query += "&ClientIP=\(clientAddress.prefix { $0 != "%" })&OptPlatform=\(platform.rawValue)"
        if !settings.token.isEmpty {
            let sign = SHA256.hash(data: Array("\(settings.token)\(now.seconds)".utf8))
            query += "&Sign=\(hexadecimal(Array(sign)))&RequestTime=\(now.seconds)"
        }
        var signature = HMAC<SHA256>(key: SymmetricKey(data: Array(settings.secret.utf8)))
        signature.update(data: Array("\(now.seconds).\(delivery).\(application).".utf8))
        signature.update(data: body)
        return WebhookRequest(
            application: application,
            url: url.rawValue + query,
            headers: [
                WebhookRequest.Header("Content-Type", "application/json"),
                WebhookRequest.Header("X-Rostrum-Delivery", delivery),
                WebhookRequest.Header("X-Rostrum-Timestamp", String(now.seconds)),
                WebhookRequest.Header("X-Rostrum-Signature", "v1=" + hexadecimal(Array(signature.finalize()))),
            ],
            body: body
        )
    }
}
