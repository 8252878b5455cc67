import Crypto
package import FoundationEssentials
import NIOSSL
import SwiftASN1
import X509

/// A certificate for this machine that the emulator makes itself.
///
/// Nobody trusts it unless told to; it stands in the data directory so that a client can be told.
package struct SelfMadeCertificate {
    /// 800 days: some clients refuse certificates that live longer than 825.
    private static let lifetime: TimeInterval = 800 * 86_400

    package let certificatePEM: String
    package let keyPEM: String

    /// Makes one for `localhost`, 127.0.0.1 and ::1.
    package init(now: Date = .now) throws {
        let key = P256.Signing.PrivateKey()
        let name = try DistinguishedName { CommonName("Rostrum emulator") }
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: .init(key.publicKey),
            notValidBefore: now.addingTimeInterval(-86_400),
            notValidAfter: now.addingTimeInterval(Self.lifetime),
            issuer: name,
            subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                // It signs itself, and BoringSSL takes no root that may not sign certificates.
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames([
                    .dnsName("localhost"),
                    .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
                    .ipAddress(ASN1OctetString(contentBytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
                ])
            },
            issuerPrivateKey: .init(key)
        )
        certificatePEM = try certificate.serializeAsPEM().pemString
        keyPEM = key.pemRepresentation
    }

    /// Leaves the certificate, without its key, in a data directory.
    func write(to directory: DataDirectory) throws(StartError) {
        do {
            try Data(certificatePEM.utf8).write(to: URL(filePath: directory.certificate))
        } catch {
            throw StartError("cannot write \(directory.certificate): \(error)")
        }
    }

    func configuration() throws -> TLSConfiguration {
        TLSFiles.configuration(
            try NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8)),
            try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem)
        )
    }
}
