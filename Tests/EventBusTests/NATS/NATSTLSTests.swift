import EventBus
import EventBusNATS
import RostrumTesting
import Testing

/// TLS between nodes and servers.
@Suite(.timeLimit(.minutes(5))) struct NATSTLSTests {
    /// Makes a certificate that vouches for itself, and its key.
    private func makeCertificate(_ name: String, in directory: String) async throws -> (
        certificate: String, key: String
    ) {
        let (certificate, key) = ("\(directory)/\(name).pem", "\(directory)/\(name).key")
        let run = try await FinishedRun(
            of: "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=\(name)", "-addext", "subjectAltName=DNS:\(name),IP:127.0.0.1", "-keyout", key, "-out",
                certificate,
            ]
        )
        try #require(run.succeeded, "\(run.standardError)")
        return (certificate, key)
    }

    /// Runs a node until it is connected, or says why it is not, and expects one of them.
    private func expect(_ url: String, connects: Bool) async throws {
        let bus = try NATSEventBus.example(url)
        try await waitUntil("it is connected or says why not") {
            bus.status.isConnected || bus.status.fault.map { !$0.contains("not connected yet") } == true
        }
        #expect(bus.status.isConnected == connects, "\(url) \(bus.status)")
        await bus.close()
    }

    @Test("a node connects to servers that its authorities vouch for, under the name that it expects, and to no others")
    func server() async throws {
        try await withTemporaryDirectory { directory in
            let own = try await makeCertificate("localhost", in: directory)
            let other = try await makeCertificate("elsewhere", in: directory)
            try await withNATSServer(["--tls", "--tlscert", own.certificate, "--tlskey", own.key]) { server in
                let address = "localhost:\(server.port)"
                try await expect("tls://\(address)?ca=\(own.certificate)", connects: true)
                try await expect("nats://127.0.0.1:\(server.port)?ca=\(own.certificate)", connects: true)
                try await expect("tls://\(address)?ca=\(other.certificate)", connects: false)
                try await expect("tls://\(address)", connects: false)
                let name = "&server_name=elsewhere"
                try await expect("tls://\(address)?ca=\(own.certificate)\(name)", connects: false)
            }
        }
    }

    @Test("servers that demand it are shown who the node is")
    func client() async throws {
        try await withTemporaryDirectory { directory in
            let own = try await makeCertificate("localhost", in: directory)
            let node = try await makeCertificate("node", in: directory)
            let options = [
                "--tlsverify", "--tlscert", own.certificate, "--tlskey", own.key, "--tlscacert", node.certificate,
            ]
            try await withNATSServer(options) { server in
                let url = "tls://localhost:\(server.port)?ca=\(own.certificate)"
                try await expect("\(url)&cert=\(node.certificate)&key=\(node.key)", connects: true)
                try await expect(url, connects: false)
            }
        }
    }

    @Test("a file that cannot be used is said at the start")
    func missingFile() async throws {
        let refusal = #expect(throws: NATSSettings.Invalid.self) {
            try NATSEventBus.example("tls://localhost?ca=/nowhere/ca.pem")
        }
        #expect(refusal?.description.contains("/nowhere/ca.pem") == true)
    }
}
