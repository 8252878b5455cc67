import Chat
import Crypto
import FoundationEssentials
import NIOSSL
import RostrumTesting
import SwiftASN1
import Testing
import WebhookDelivery
import X509

/// Whose certificate is believed.
@Suite struct TLSTests {
    private let configuration: TLSConfiguration
    private let roots: NIOSSLTrustRoots

    /// A certificate for `localhost` and 127.0.0.1 that is its own root.
    init() throws {
        let key = P256.Signing.PrivateKey()
        let name = try DistinguishedName { CommonName("A backend") }
        let certificate = try Certificate(
            version: .v3,
            serialNumber: Certificate.SerialNumber(),
            publicKey: .init(key.publicKey),
            notValidBefore: .now.addingTimeInterval(-86_400),
            notValidAfter: .now.addingTimeInterval(86_400),
            issuer: name,
            subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true))
                SubjectAlternativeNames([
                    .dnsName("localhost"), .ipAddress(ASN1OctetString(contentBytes: [127, 0, 0, 1])),
                ])
            },
            issuerPrivateKey: .init(key)
        )
        let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.serializeAsPEM().pemString.utf8))
        configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(key.pemRepresentation.utf8), format: .pem))
        )
        roots = .certificates(chain)
    }

    @Test("a certificate that is trusted and names the host is believed", arguments: ["127.0.0.1", "localhost"])
    func trusted(host: String) async throws {
        try await Receiver.listening(tls: configuration, Receiver.reply(200, "{}")) { receiver in
            await HTTPWebhookSender.running(trustRoots: roots) { sender in
                #expect(await sender.post(.example("https://\(host):\(receiver.port)/")) == .replied(200, "{}"))
            }
        }
    }

    @Test("a certificate that nobody vouches for is not")
    func untrusted() async throws {
        try await Receiver.listening(tls: configuration, Receiver.reply(200, "{}")) { receiver in
            await HTTPWebhookSender.running { sender in
                #expect(
                    await sender.post(.example("https://127.0.0.1:\(receiver.port)/"))
                        == .failed("TLS: the certificate is not trusted")
                )
            }

            #expect(receiver.record.requests.isEmpty)
        }
    }

    @Test(
        "a backend of an old version of TLS, or with weak ciphers alone, is told nothing",
        arguments: [
            (TLSVersion.tlsv11, "ALL"), (.tlsv12, "ECDHE-ECDSA-AES128-SHA"), (.tlsv12, "ECDHE-ECDSA-AES256-SHA"),
        ]
    )
    func weak(newest: TLSVersion, ciphers: String) async throws {
        var weak = configuration
        (weak.minimumTLSVersion, weak.maximumTLSVersion) = (.tlsv1, newest)
        weak.cipherSuites = ciphers
        try await Receiver.listening(tls: weak, Receiver.reply(200, "{}")) { receiver in
            await HTTPWebhookSender.running(trustRoots: roots) { sender in
                #expect(
                    await sender.post(.example("https://127.0.0.1:\(receiver.port)/"))
                        == .failed("TLS: the handshake failed")
                )
            }

            #expect(receiver.record.requests.isEmpty)
        }
    }

    @Test("a certificate for another host is not")
    func otherHost() async throws {
        try await Receiver.listening(at: "127.0.0.2", tls: configuration, Receiver.reply(200, "{}")) { receiver in
            await HTTPWebhookSender.running(trustRoots: roots) { sender in
                #expect(
                    await sender.post(.example("https://127.0.0.2:\(receiver.port)/"))
                        == .failed("TLS: the certificate is not for this host")
                )
            }

            #expect(receiver.record.requests.isEmpty)
        }
    }

    @Test("a backend that speaks no TLS has failed")
    func plain() async throws {
        try await Receiver.listening(greeting: "HTTP/1.1 400 Bad Request\r\n\r\n", Receiver.nothing) { receiver in
            await HTTPWebhookSender.running { sender in
                #expect(
                    await sender.post(.example("https://127.0.0.1:\(receiver.port)/"))
                        == .failed("TLS: the handshake failed")
                )
            }
        }
    }

    @Test("a connection that was made to another address is told nothing over HTTPS either")
    func rebinding() async throws {
        try await Receiver.listening(tls: configuration, Receiver.reply(200, "{}")) { receiver in
            await HTTPWebhookSender.running(allowing: [], trustRoots: roots, lookUp: { _ in ["8.8.8.8"] }) { sender in
                #expect(
                    await sender.post(.example("https://localhost:\(receiver.port)/"))
                        == .failed("the address 127.0.0.1 is not allowed; --webhook-allow permits it")
                )
            }

            #expect(receiver.record.bytesReceived == 0)
        }
    }
}
