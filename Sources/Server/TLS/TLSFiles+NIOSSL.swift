import FoundationEssentials
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

extension TLSConfiguration {
    /// The certificate that a peer is shown as one's own: the first of the chain.
    var ownCertificate: NIOSSLCertificate? {
        guard case .certificate(let first) = certificateChain.first else { return nil }
        return first
    }
}

extension NIOSSLCertificate {
    var startDate: Date { Date(timeIntervalSince1970: Double(notValidBefore)) }
    var endDate: Date { Date(timeIntervalSince1970: Double(notValidAfter)) }
}
