import FoundationEssentials
import RostrumTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What TLS is good enough for `serve`, the port without it, and another certificate while the server runs.
@Suite(
    "Certificates",
    .enabled("curl or openssl is not installed") { Program.curl.isInstalled && Program.openssl.isInstalled }
)
struct CertificateTests {
    /// An application whose server has a certificate of its own.
    private struct Place {
        let application: ServedApplication
        var certificate: String { "\(application.directory)/cert.pem" }
        var key: String { "\(application.directory)/key.pem" }
        var serving: [String] { application.serving + ["--tls-certificate", certificate, "--tls-key", key] }

        /// Makes another certificate in the same place.
        func renew(_ kind: [String] = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]) async throws {
            let made = try await FinishedRun(
                of: "openssl",
                ["req", "-x509", "-newkey"] + kind + [
                    "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1",
                ]
            )
            try #require(made.succeeded, "\(made.standardError)")
        }

        static func with(_ kind: [String]? = nil, _ body: (Place) async throws -> Void) async throws {
            try await ServedApplication.with { application in
                let place = Place(application: application)
                if let kind { try await place.renew(kind) } else { try await place.renew() }
                try await body(place)
            }
        }
    }

    private func fetch(_ port: Int, trusting certificate: String) async throws -> Bool {
        try await Program.curl.run(
            "--silent",
            "--cacert",
            certificate,
            "--noproxy",
            "*",
            "https://127.0.0.1:\(port)/healthz"
        ).succeeded
    }

    /// Whether a client with these options of `openssl s_client` comes to an agreement with the server.
    private func shakesHands(_ port: Int, _ options: String) async throws -> Bool {
        let words = "openssl s_client -connect 127.0.0.1:\(port) \(options) </dev/null"
        return try await Program.bash.run("-c", words).succeeded
    }

    @Test(
        "TLS 1.2 and 1.3 with forward secrecy and authenticated encryption, and nothing else",
        arguments: ["RSA": ["rsa:2048"], "ECDSA": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]]
    )
    func ciphers(kind: (key: String, value: [String])) async throws {
        try await Place.with(kind.value) { place in
            try await withServer(place.serving) { server in
                let good = ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"]
                for cipher in good {
                    let options = "-tls1_2 -cipher ECDHE-\(kind.key)-\(cipher)"
                    let isTaken = try await shakesHands(server.port, options)
                    #expect(isTaken, "\(cipher)")
                }
                let newestIsTaken = try await shakesHands(server.port, "-tls1_3")
                #expect(newestIsTaken)
                let weak = [
                    "ECDHE-\(kind.key)-AES128-SHA", "ECDHE-\(kind.key)-AES256-SHA384",
                    "ECDHE-\(kind.key)-AES128-SHA256", "AES128-GCM-SHA256", "AES256-SHA256", "AES128-SHA",
                    "DHE-RSA-AES128-GCM-SHA256", "aNULL", "eNULL", "PSK",
                ].map { "-tls1_2 -cipher \($0):@SECLEVEL=0" }
                let old = ["-tls1_1", "-tls1"].map { "\($0) -cipher ALL:@SECLEVEL=0" }
                for options in weak + old {
                    let isTaken = try await shakesHands(server.port, options)
                    #expect(!isTaken, "\(options)")
                }
            }
        }
    }

    @Test("SIGHUP has new connections get the new certificate, and old ones go on")
    func reload() async throws {
        try await Place.with { place in
            let (first, second) = ("\(place.application.directory)/1.pem", "\(place.application.directory)/2.pem")
            try FileManager.default.copyItem(atPath: place.certificate, toPath: first)
            try await withServer(place.serving) { server in
                try await TLSRelay.with(to: server.port) { relay in
                    let connection = try await RawConnection.open(port: relay.port)
                    #expect(try await connection.exchange("GET", "/healthz").status == 200)
                    try await place.renew()
                    try FileManager.default.copyItem(atPath: place.certificate, toPath: second)
                    #expect(try await fetch(server.port, trusting: first))

                    server.send(signal: SIGHUP)
                    try await waitUntil("it is said") { server.standardError.contains("SIGHUP: new connections get") }

                    #expect(try await fetch(server.port, trusting: second))
                    #expect(try await fetch(server.port, trusting: first) == false)
                    #expect(try await connection.exchange("GET", "/healthz").status == 200)
                }
            }
        }
    }

    @Test(
        "a certificate that cannot be served is said to be so, and the one of before stays",
        arguments: ["", "no PEM", nil]
    )
    func badFile(contents: String?) async throws {
        try await Place.with { place in
            let good = "\(place.application.directory)/good.pem"
            try FileManager.default.copyItem(atPath: place.certificate, toPath: good)
            try await withServer(place.serving) { server in
                if let contents {
                    try Data(contents.utf8).write(to: URL(filePath: place.certificate))
                } else {
                    // The key of another certificate.
                    try await place.renew()
                    try FileManager.default.removeItem(atPath: place.certificate)
                    try FileManager.default.copyItem(atPath: good, toPath: place.certificate)
                }
                server.send(signal: SIGHUP)
                try await waitUntil("it is said") { server.standardError.contains("the one of before stays") }

                #expect(server.standardError.contains(contents == nil ? "tls-key: " : "tls-certificate: "))
                #expect(try await fetch(server.port, trusting: good))
                #expect(server.child.ending == nil)
            }
        }
    }

    @Test("SIGHUP does not end a server without a certificate")
    func withoutCertificate() async throws {
        try await ServedApplication.with { application in
            try await withServer(application.serving) { server in
                server.send(signal: SIGHUP)
                try await waitUntil("it is said") { server.standardError.contains("SIGHUP: there is no certificate") }

                #expect(
                    try await server.call(Command.check, Command.checkBody, as: application.signatory).ErrorCode == 0
                )
                server.send(signal: SIGTERM)
                #expect(try await server.exit() == .status(0))
            }
        }
    }

    @Test("the plain port sends browsers to HTTPS and takes no call; HTTPS tells browsers to stay")
    func plainPort() async throws {
        try await Place.with { place in
            let options = [
                "--http-port", "0", "--hsts", "86400", "--console", "on", "--console-origin", "https://console.example",
            ]
            try await withServer(place.serving + options) { server in
                let line = server.standardOutput.split(separator: "\n").first { $0.hasPrefix("browsers are sent") }
                let plain = try #require(line?.split(separator: ":").last.flatMap { Int($0) })

                func ask(_ method: String, _ target: String, host: String) async throws -> HTTPReply {
                    let connection = try await RawConnection.open(port: plain)
                    return try await connection.exchange(method, target, headers: [("Host", host)])
                }
                let page = try await ask("GET", "/console?a=1", host: "127.0.0.1:\(plain)")
                #expect(page.status == 308)
                #expect(page["location"] == "https://127.0.0.1:\(server.port)/console?a=1")
                let named = try await ask("HEAD", "/console", host: "console.example")
                #expect(named["location"] == "https://console.example/console")
                for method in ["GET", "HEAD"] {
                    let connection = try await RawConnection.open(port: plain)
                    let reply = try await connection.exchange(method, "/console", headers: [("Host", "x")])
                    #expect(reply["cache-control"] == "no-store" && reply["connection"] == nil, "\(method)")
                    // A connection that goes on answers again.
                    let again = try await connection.exchange(method, "/console", headers: [("Host", "x")])
                    #expect(again.status == 308, "\(method)")
                }
                let refused = try await RawConnection.open(port: plain)
                for _ in 1...2 {
                    // A body would be read as the next answer.
                    let reply = try await refused.exchange("HEAD", "/v4/ws", headers: [("Host", "x")])
                    #expect(reply.status == 403 && reply["connection"] == nil)
                }
                let six = try await ask("GET", "/", host: "[::1]:8080")
                #expect(six["location"] == "https://[::1]:\(server.port)/")
                let call = try await ask("POST", place.application.signatory.target(Command.check), host: "x")
                #expect(call.status == 403)
                #expect(try call.decoded(as: CallReply.self).ErrorCode == 60002)
                for (method, target, host) in [
                    ("GET", "/v4/ws?sdkappid=1", "x"), ("POST", "/console/sign-in", "x"), ("GET", "/console", "a/b"),
                    ("GET", "/console", "a@b"), ("OPTIONS", "/", "x"),
                ] {
                    let reply = try await ask(method, target, host: host)
                    #expect(
                        (400...403).contains(reply.status) && reply["location"] == nil,
                        "\(method) \(target) \(host)"
                    )
                    #expect(reply["strict-transport-security"] == nil)
                }

                for path in ["/healthz", "/console", "/v4/x/y"] {
                    let run = try await Program.curl.run(
                        "--silent",
                        "--include",
                        "--cacert",
                        place.certificate,
                        "--noproxy",
                        "*",
                        "https://127.0.0.1:\(server.port)\(path)"
                    )
                    #expect(
                        run.standardOutput.lowercased().contains("strict-transport-security: max-age=86400"),
                        "\(path)"
                    )
                }
            }
        }
    }
}
