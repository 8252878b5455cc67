import CNATS

/// How a connection is to be, by the settings.
extension NATSConnection {
    /// The options of a connection, to be destroyed by whoever asks for them; the servers are named later.
    static func makeOptions(_ settings: NATSSettings, _ name: String) throws(NATSFault) -> OpaquePointer {
        var created: OpaquePointer?
        try check(natsOptions_Create(&created), "make options")
        guard let options = created else { throw NATSFault(status: NATS_NO_MEMORY, action: "make options") }
        do throws(NATSFault) {
            try check(natsOptions_SetName(options, name), "set options")
            // The order is chosen by whoever connects, and so is when to try again.
            try check(natsOptions_SetNoRandomize(options, true), "set options")
            try check(natsOptions_SetAllowReconnect(options, false), "set options")
            try check(natsOptions_SetTimeout(options, connectTimeout), "set options")
            try check(natsOptions_SetPingInterval(options, pingInterval), "set options")
            try check(natsOptions_SetMaxPingsOut(options, mostPingsOut), "set options")
            try check(natsOptions_SetWriteDeadline(options, writeDeadline), "set options")
            try check(natsOptions_SetMaxPendingMsgs(options, mostPending), "set options")
            // What this node publishes it has heard already.
            try check(natsOptions_SetNoEcho(options, true), "set options")
            // Written at once: the library would wait for a millisecond for more.
            try check(natsOptions_SetSendAsap(options, true), "set options")
            // One thread for all subscriptions, which keeps the order between them.
            try check(natsOptions_UseGlobalMessageDelivery(options, true), "set options")
            try addIdentity(of: settings, to: options)
            if let tls = settings.tls { try add(tls, to: options) }
            return options
        } catch {
            natsOptions_Destroy(options)
            throw error
        }
    }

    private static func addIdentity(of settings: NATSSettings, to options: OpaquePointer) throws(NATSFault) {
        if let user = settings.user {
            try check(natsOptions_SetUserInfo(options, user, settings.password ?? ""), "set the user")
        }
        if let token = settings.token { try check(natsOptions_SetToken(options, token), "set the token") }
        if let file = settings.credentialsFile {
            try check(natsOptions_SetUserCredentialsFromFiles(options, file, nil), "read \(file)")
        }
    }

    private static func add(_ tls: NATSSettings.TLS, to options: OpaquePointer) throws(NATSFault) {
        try check(natsOptions_SetSecure(options, true), "use TLS")
        if let file = tls.authorities {
            try check(natsOptions_LoadCATrustedCertificates(options, file), "read \(file)")
        }
        if let certificate = tls.certificate, let key = tls.key {
            try check(natsOptions_LoadCertificatesChain(options, certificate, key), "read \(certificate) and \(key)")
        }
        if let name = tls.serverName {
            try check(natsOptions_SetExpectedHostname(options, name), "expect the name \(name)")
        }
    }

    /// Whether the files that the settings name can be used.
    static func validate(_ settings: NATSSettings) throws(NATSFault) {
        natsOptions_Destroy(try makeOptions(settings, "rostrum"))
    }
}
