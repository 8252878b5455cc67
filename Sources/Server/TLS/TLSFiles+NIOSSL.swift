import NIOSSL
import TLSPolicy

extension TLSFiles {
    /// - Throws: ``SettingError`` that names the file that cannot be used.
    func configuration() throws(SettingError) -> TLSConfiguration {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(certificate)
        } catch {
            throw SettingError("tls-certificate", "must be a PEM file with certificates; \(certificate): \(error)")
        }
        let privateKey: NIOSSLPrivateKey
        do {
            privateKey = try NIOSSLPrivateKey(file: key, format: .pem)
        } catch {
            throw SettingError("tls-key", "must be a PEM file with the private key; \(key): \(error)")
        }
        return Self.configuration(chain, privateKey)
    }

    static func configuration(_ chain: [NIOSSLCertificate], _ key: NIOSSLPrivateKey) -> TLSConfiguration {
        TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        ).modern
    }
}
