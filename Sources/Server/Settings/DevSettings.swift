package import Addresses
package import Chat
package import Gateway
package import Logging
package import Observability

/// What `rostrum dev` runs with.
package struct DevSettings: Sendable {
    package var host = "127.0.0.1"
    package var port = 8080
    /// HTTPS as well, with a certificate of its own making.
    package var tlsPort: Int?
    package var adminPort: Int?
    /// Nil makes a temporary one that goes with the process.
    package var dataDirectory: String?
    /// The ready application's key.
    package var key: String
    /// Limits above every plan.
    package var limits: [Limits.Name: Int64] = [:]
    package var trustedProxies: [AddressRange] = []
    /// How many live sessions an address may have and open; 0 = no limit.
    package var addressLimits = AddressLimits.Settings.default
    /// What webhooks may reach besides public addresses and this machine.
    package var webhookAllow: [AddressRange] = []
    package var logFormat = LogFormat.text
    package var logLevel = Logger.Level.info

    package init(key: String) {
        self.key = key
    }
}
