import FoundationEssentials
import NIOSSL
import Server
import SwiftASN1
import Testing
import X509

/// The certificate that the emulator makes for HTTPS on this machine.
@Suite struct SelfMadeCertificateTests {
    private static let now = Date(timeIntervalSince1970: 1_767_225_600)

    @Test("it is for localhost, 127.0.0.1 and ::1, and for a server")
    func names() throws {
        let certificate = try Certificate(pemEncoded: try SelfMadeCertificate(now: Self.now).certificatePEM)

        let names = try #require(try certificate.extensions.subjectAlternativeNames)
        #expect(
            Array(names) == [
                .dnsName("localhost"), .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
                .ipAddress(ASN1OctetString(contentBytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])),
            ]
        )
        #expect(try certificate.extensions.extendedKeyUsage?.contains(.serverAuth) == true)
        #expect(try certificate.extensions.basicConstraints == .notCertificateAuthority)
        #expect(certificate.version == .v3)
    }

    @Test("it is valid from a day before to at most 825 days, which is as long as clients take one")
    func validity() throws {
        let certificate = try Certificate(pemEncoded: try SelfMadeCertificate(now: Self.now).certificatePEM)

        #expect(certificate.notValidBefore == Self.now.addingTimeInterval(-86_400))
        #expect(certificate.notValidAfter.timeIntervalSince(certificate.notValidBefore) <= 825 * 86_400)
        #expect(certificate.notValidAfter.timeIntervalSince(Self.now) > 365 * 86_400)
    }

    @Test("its key signed it, and TLS takes the two together")
    func key() throws {
        let made = try SelfMadeCertificate(now: Self.now)
        let certificate = try Certificate(pemEncoded: made.certificatePEM)

        #expect(try Certificate.PrivateKey(pemEncoded: made.keyPEM).publicKey == certificate.publicKey)
        #expect(certificate.publicKey.isValidSignature(certificate.signature, for: certificate))
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(made.certificatePEM.utf8))
        let privateKey = try NIOSSLPrivateKey(bytes: Array(made.keyPEM.utf8), format: .pem)
        let configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(privateKey)
        )
        _ = try NIOSSLContext(configuration: configuration)
    }

    @Test("no two are alike")
    func unique() throws {
        let made = try (0..<3).map { _ in try SelfMadeCertificate(now: Self.now) }
        let certificates = try made.map { try Certificate(pemEncoded: $0.certificatePEM) }

        #expect(Set(made.map(\.keyPEM)).count == 3)
        #expect(Set(certificates.map { "\($0.serialNumber)" }).count == 3)
    }
}
