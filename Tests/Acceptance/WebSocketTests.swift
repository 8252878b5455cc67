import RostrumTesting
import Testing

/// Upgrades to WebSocket as a server process grants and refuses them; the emulator's echo stands behind.
@Suite("WebSocket", .timeLimit(.minutes(5)))
struct WebSocketTests {
    private typealias Frame = RawWebSocket.Frame

    private static let echo = "/dev/echo"

    @Test("the echo gives back text and bytes, and closes as it is asked to")
    func echo() async throws {
        try await withServer { server in
            let socket = try await RawWebSocket(port: server.port, Self.echo)
            #expect(socket.reply["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")

            for message in [Frame.text("频道"), .binary([UInt8](0...255)), .text("")] {
                try await socket.send(message)
                #expect(try await socket.next() == message)
            }
            try await socket.send(.close(1000, "done"))

            #expect(try await socket.next() == .close(1000))
            #expect(try await socket.connection.readUntilClosed() == [])
        }
    }

    @Test("the echo is over TLS what it is without")
    func secureEcho() async throws {
        try await withServer(["dev", "--port", "0", "--tls-port", "0"]) { server in
            let https = try #require(server.https)
            try await TLSRelay.with(to: https.port) { relay in
                let socket = try await RawWebSocket(port: relay.port, Self.echo)
                for count in [0, 125, 126, 65_535, 65_536] {
                    let message = Frame.binary([UInt8](repeating: 9, count: count))
                    try await socket.send(message)
                    #expect(try await socket.next() == message)
                }
                try await socket.send(.close(1000))
                #expect(try await socket.next() == .close(1000))
                #expect(try await socket.connection.readUntilClosed() == [])
            }
        }
    }

    @Test("who breaks the protocol over TLS reads why before the connection ends")
    func secureViolation() async throws {
        try await withServer(["dev", "--port", "0", "--tls-port", "0"]) { server in
            let https = try #require(server.https)
            try await TLSRelay.with(to: https.port) { relay in
                let socket = try await RawWebSocket(port: relay.port, Self.echo)
                try await socket.connection.send(Frame.binary([UInt8](repeating: 0, count: 1 << 20)).bytes())

                #expect(try await socket.next().closeCode == 1009)
                _ = try await socket.connection.readUntilClosed()
            }
        }
    }

    @Test(
        "over TLS the path of upgrades says what it takes as well, without an upgrade where there is none",
        .enabled("curl is not installed") { Program.curl.isInstalled },
        arguments: ["--http2": "2 426", "--http1.1": "1.1 426"]
    )
    func secureUpgradeRequired(option: (key: String, value: String)) async throws {
        try await withServer(["dev", "--port", "0", "--tls-port", "0"]) { server in
            let https = try #require(server.https)
            let run = try await Program.curl.run(
                "--silent",
                "--show-error",
                option.key,
                "-k",
                "--noproxy",
                "*",
                "--max-time",
                "6",
                "--write-out",
                "\n%{http_version} %{http_code}",
                "https://127.0.0.1:\(https.port)/v4/ws"
            )

            #expect(run.succeeded, "\(run.standardError)")
            #expect(run.standardOutput.contains(#""ErrorCode":60002"#))
            #expect(run.standardOutput.hasSuffix("\n\(option.value)"))
        }
    }

    @Test(
        "a web page, and whoever does not come to this machine by its name, is refused like at the other doors",
        arguments: [
            [("Origin", "https://example.com")], [("X-Forwarded-For", "192.0.2.1")], [("Forwarded", "for=192.0.2.1")],
        ]
    )
    func foreign(headers: [(String, String)]) async throws {
        try await withServer { server in
            do {
                _ = try await RawWebSocket(port: server.port, Self.echo, headers: headers)
                Issue.record("it was let in")
            } catch let refused as RawWebSocket.Refused {
                #expect(refused.reply.status == 403)
                #expect(refused.reply.text.contains("this machine only"))
            }
        }
    }

    @Test(
        "the paths of upgrades say what they take to who asks for something else",
        arguments: ["/v4/ws", "/dev/echo"]
    )
    func upgradeRequired(path: String) async throws {
        try await withServer { server in
            let connection = try await server.connect()
            for method in ["GET", "POST"] {
                let reply = try await connection.exchange(
                    method,
                    path,
                    headers: [],
                    body: method == "POST" ? "{}" : nil
                )

                #expect(reply.status == 426)
                #expect((reply["upgrade"], reply["connection"]) == ("websocket", "upgrade"))
                #expect(reply["sec-websocket-version"] == "13")
                #expect(reply["content-type"] == "application/json")
                if path == "/v4/ws" {
                    #expect(try reply.decoded(as: CallReply.self).ErrorCode == 60002)
                }
            }
        }
    }

    @Test(
        "an upgrade after another request on the same connection is answered, not granted, and not left hanging",
        arguments: [false, true]
    )
    func secondRequest(isPipelined: Bool) async throws {
        try await withServer { server in
            let connection = try await server.connect()
            let (first, second) = (httpRequest("GET", "/healthz"), Array(RawWebSocket.request(Self.echo).utf8))

            try await connection.send(isPipelined ? first + second : first)
            #expect(try await connection.readReply().status == 200)
            if !isPipelined { try await connection.send(second) }
            let reply = try await connection.readReply()

            #expect(reply.status == 426)
            #expect(reply["connection"] == "close, upgrade")
            #expect(try await connection.readUntilClosed() == [])
        }
    }

    @Test("an upgrade of another version is told the right one")
    func otherVersion() async throws {
        try await withServer { server in
            let headers = RawWebSocket.upgradeHeaders.map { $0.0 == "Sec-WebSocket-Version" ? ($0.0, "8") : $0 }
            let connection = try await server.connect()

            try await connection.send(RawWebSocket.request(Self.echo, headers))

            let reply = try await connection.readReply()
            #expect((reply.status, reply["sec-websocket-version"]) == (426, "13"))
        }
    }

    @Test("a peer that does not bring a frame to its end is told so and closed")
    func halfFrame() async throws {
        try await withServer { server in
            let socket = try await RawWebSocket(port: server.port, Self.echo)

            try await socket.connection.send(Array(Frame.text("hello").bytes().dropLast()))

            #expect(try await socket.next(within: .seconds(20)).closeCode == 1008)
            #expect(try await socket.connection.readUntilClosed(within: .seconds(4)) == [])
        }
    }

    @Test("a server that is stopped says 1001 to who is connected and ends by itself")
    func stopped() async throws {
        try await withServer { server in
            let socket = try await RawWebSocket(port: server.port, Self.echo)
            // Neither of these two has said what it wants.
            let silent = try await server.connect()
            let half = try await server.connect()
            try await half.send("GET /dev/ec")

            server.send(signal: 15)

            #expect(try await socket.next() == .close(1001))
            #expect(try await silent.readUntilClosed() == [])
            #expect(try await half.readUntilClosed() == [])
            #expect(try await server.exit() == .status(0))
        }
    }
}
