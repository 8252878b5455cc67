import RostrumTesting
import Testing

/// HTTPS, seen by clients that others wrote.
@Suite("TLS", .enabled("curl is not installed") { Program.curl.isInstalled })
struct TLSTests {
    @Test(
        "`dev --tls-port` speaks HTTP/2 and HTTP/1.1 by ALPN under a certificate that can be trusted",
        arguments: ["--http2": "2", "--http1.1": "1.1"],
        ["127.0.0.1", "localhost"]
    )
    func emulator(option: (key: String, value: String), host: String) async throws {
        try await withServer(["dev", "--port", "0", "--tls-port", "0"]) { server in
            let https = try #require(server.https)
            let run = try await Program.curl.run(
                "--silent",
                "--show-error",
                option.key,
                "--cacert",
                https.certificate,
                "--noproxy",
                "*",
                "--ipv4",
                "--write-out",
                "\n%{http_version} %{http_code}",
                "--data",
                Command.checkBody,
                "https://\(host):\(https.port)\(Signatory.emulator.target(Command.check))"
            )

            #expect(run.succeeded, "\(run.standardError)")
            #expect(run.standardOutput.contains(#""ErrorCode":0"#))
            #expect(run.standardOutput.hasSuffix("\n\(option.value) 200"))
        }
    }

    @Test(
        "`serve` speaks HTTPS with the files that it is given",
        .enabled("openssl is not installed") { Program.openssl.isInstalled },
        arguments: ["rsa:2048", "ec"]
    )
    func certificateFiles(kind: String) async throws {
        try await ServedApplication.with { application in
            let (certificate, key) = ("\(application.directory)/cert.pem", "\(application.directory)/key.pem")
            let made = try await FinishedRun(
                of: "openssl",
                ["req", "-x509", "-newkey", kind] + (kind == "ec" ? ["-pkeyopt", "ec_paramgen_curve:P-256"] : [])
                    + [
                        "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost",
                        "-addext",
                        "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    ]
            )
            try #require(made.succeeded, "\(made.standardError)")

            let serving = application.serving + ["--tls-certificate", certificate, "--tls-key", key]
            try await withServer(serving) { server in
                #expect(server.standardOutput.contains("rostrum is ready on https://127.0.0.1:\(server.port)"))
                for (option, version) in ["--http2": "2", "--http1.1": "1.1"] {
                    let run = try await Program.curl.run(
                        "--silent",
                        "--show-error",
                        option,
                        "--cacert",
                        certificate,
                        "--noproxy",
                        "*",
                        "--write-out",
                        "\n%{http_version} %{http_code}",
                        "--data",
                        Command.checkBody,
                        "https://127.0.0.1:\(server.port)\(application.signatory.target(Command.check))"
                    )
                    #expect(run.standardOutput.contains(#""ErrorCode":0"#), "\(option) \(run.standardError)")
                    #expect(run.standardOutput.hasSuffix("\n\(version) 200"))
                }
                // TLS 1.1 is refused, and plain HTTP gets nothing.
                let old = try await Program.curl.run(
                    "--silent",
                    "-k",
                    "--tls-max",
                    "1.1",
                    "--ciphers",
                    "DEFAULT:@SECLEVEL=0",
                    "--noproxy",
                    "*",
                    "https://127.0.0.1:\(server.port)/healthz"
                )
                #expect(!old.succeeded)
                let plain = try await server.connect()
                try await plain.send(httpRequest("GET", "/healthz"))
                #expect(String(decoding: try await plain.readUntilClosed(), as: UTF8.self).contains("alive") == false)
            }
        }
    }

    @Test(
        "a body that is too long is answered over HTTPS without a wait, however long it is",
        arguments: ["--http2", "--http1.1"],
        // Within the 8 MiB that are read for the caller's sake, and beyond them.
        [2, 12]
    )
    func longBody(option: String, mebibytes: Int) async throws {
        try await withServer(["dev", "--port", "0", "--tls-port", "0"]) { server in
            let https = try #require(server.https)
            let run = try await Program.bash.run(
                "-c",
                """
                head -c \(mebibytes << 20) /dev/zero | curl --silent --show-error \(option) -k --noproxy '*' \
                --max-time 9 --data-binary @- 'https://127.0.0.1:\(https.port)\(Signatory.emulator.target(Command.check))'
                """
            )

            #expect(run.standardOutput.contains(#""ErrorCode":60002"#))
            #expect(run.succeeded, "\(run.standardError)")
        }
    }

    @Test("a HEAD over HTTPS is answered as HTTP has it", arguments: ["--http2", "--http1.1"])
    func head(option: String) async throws {
        try await withServer(["dev", "--port", "0", "--tls-port", "0"]) { server in
            let https = try #require(server.https)
            let run = try await Program.curl.run(
                "--silent",
                "--show-error",
                option,
                "-k",
                "--head",
                "--noproxy",
                "*",
                "--max-time",
                "6",
                "https://127.0.0.1:\(https.port)/v4/x/y"
            )

            #expect(run.succeeded, "\(run.standardError)")
            #expect(run.standardOutput.contains(" 200"))
        }
    }
}
