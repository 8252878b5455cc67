package import NIOSSL

extension TLSConfiguration {
    /// What TLS 1.2 may use: ciphers with forward secrecy and authenticated encryption; TLS 1.3 has no others.
    package static let modernCipherSuites: [NIOTLSCipher] = [
        .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]

    /// The same with TLS 1.2 or newer and ``modernCipherSuites`` alone.
    ///
    /// NIO's own defaults reach down to TLS 1.0 and to ciphers without forward secrecy.
    package var modern: TLSConfiguration {
        var configuration = self
        configuration.minimumTLSVersion = .tlsv12
        configuration.cipherSuiteValues = Self.modernCipherSuites
        configuration.renegotiationSupport = .none
        return configuration
    }
}
