import Instrumentation

/// Gives a webhook's request a header.
struct WebhookHeaderInjector: Injector {
    func inject(_ value: String, forKey key: String, into carrier: inout WebhookRequest) {
        carrier.headers.append(WebhookRequest.Header(key, value))
    }
}
