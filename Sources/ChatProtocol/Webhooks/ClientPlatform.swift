/// Where a call came from that caused an event: `OptPlatform` in the query string of a webhook.
///
/// Source: spec/webhooks-official-channels.md section 1.
package enum ClientPlatform: String, CaseIterable, Sendable {
    case restAPI = "RESTAPI"
    case web = "Web"
    case android = "Android"
    case iOS
    case windows = "Windows"
    case macOS
    case iPad
    case unknown = "Unknown"
}
