import ChatProtocol

/// Where sealed secrets are stored; each opens in its place alone.
enum SecretPlace {
    static func applicationKey(_ id: SDKAppID) -> String { "application_keys/\(id)" }
    static func webhookToken(_ id: SDKAppID) -> String { "webhook_token/\(id)" }
    static func webhookSecret(_ id: SDKAppID) -> String { "webhook_secret/\(id)" }
    static func secondFactor(_ name: OperatorName) -> String { "operators/\(name)" }
}
