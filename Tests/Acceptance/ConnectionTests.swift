import RostrumTesting
import Testing

/// What a connection does besides carrying one request after another.
@Suite("Connections")
struct ConnectionTests {
    private static let target = Signatory.emulator.target(Command.check)
    private static let h2c = [
        ("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AAMAAABkAARAAAAAAAIAAAAA"),
    ]
    private static let webSocket = [
        ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]

    @Test("a connection carries many calls")
    func keepAlive() async throws {
        try await withServer { server in
            let connection = try await server.connect()
            for _ in 0..<50 {
                let reply = try await connection.call(Command.check, Command.checkBody)
                #expect(reply.ErrorCode == 0)
            }
        }
    }

    @Test("twenty calls in one write are answered in their order")
    func pipelining() async throws {
        try await withServer { server in
            let names = (0..<20).map { "pipelined-\($0)" }
            let calls = names.map { name in
                httpRequest("POST", Self.target, body: #"{"CheckItem":[{"UserID":"\#(name)"}]}"#)
            }
            let connection = try await server.connect()

            try await connection.send(Array(calls.joined()))

            for name in names {
                let reply = try await connection.readReply().decoded(as: CallReply.self)
                #expect(reply.ResultItem?.map(\.UserID) == [name])
            }
        }
    }

    @Test(
        "a call that offers another protocol is answered in this one, and its connection is closed",
        arguments: [("POST", h2c), ("GET", h2c), ("POST", webSocket), ("GET", webSocket)]
    )
    func upgrade(method: String, offer: [(String, String)]) async throws {
        try await withServer { server in
            let connection = try await server.connect()
            let body = method == "POST" ? Command.checkBody : nil

            let reply = try await connection.exchange(method, Self.target, headers: offer, body: body)

            #expect(reply.status == 200)
            #expect(try reply.decoded(as: CallReply.self).ErrorCode == (method == "POST" ? 0 : 60002))
            #expect(reply["connection"] == "close")
            #expect(reply["upgrade"] == nil)
            #expect(try await connection.readUntilClosed() == [])
        }
    }

    @Test("a caller of HTTP/1.0 that does not ask to keep its connection sees it closed after the answer")
    func version10() async throws {
        try await withServer { server in
            let connection = try await server.connect()

            try await connection.send(httpRequest("POST", Self.target, body: Command.checkBody, version: "1.0"))

            #expect(try await connection.readReply().decoded(as: CallReply.self).ErrorCode == 0)
            #expect(try await connection.readUntilClosed(within: .seconds(3)) == [])
        }
    }

    @Test("a caller that asks for the end of its connection gets it", arguments: ["close", "Close", "TE, close"])
    func connectionClose(value: String) async throws {
        try await withServer { server in
            let connection = try await server.connect()

            let reply = try await connection.exchange(
                "POST",
                Self.target,
                headers: [("Connection", value)],
                body: Command.checkBody
            )

            #expect(try reply.decoded(as: CallReply.self).ErrorCode == 0)
            #expect(reply["connection"]?.lowercased() == "close")
            #expect(try await connection.readUntilClosed(within: .seconds(3)) == [])
        }
    }

    @Test("a body is read whatever the method, and in chunks too")
    func bodies() async throws {
        try await withServer { server in
            let connection = try await server.connect()
            let body = Command.checkBody
            let split = body.index(body.startIndex, offsetBy: 9)
            let parts = [body[..<split], body[split...]]
            let chunks =
                parts.map { "\(String($0.utf8.count, radix: 16))\r\n\($0)\r\n" }.joined() + "0\r\n\r\n"

            let got = try await connection.exchange("GET", Self.target, body: body)
            #expect(try got.decoded(as: CallReply.self).ErrorCode == 0)
            let bare = try await connection.exchange("GET", Self.target)
            #expect(try bare.decoded(as: CallReply.self).ErrorCode == 60002)

            let chunked = [("Transfer-Encoding", "chunked")]
            for method in ["POST", "GET"] {
                let reply = try await connection.exchange(method, Self.target, headers: chunked, body: chunks)
                #expect(try reply.decoded(as: CallReply.self).ErrorCode == 0)
            }
        }
    }

    @Test("a caller that expects 100 is answered once it sends its body, asked to or not")
    func expectContinue() async throws {
        try await withServer { server in
            let connection = try await server.connect()
            let headers = [("Expect", "100-continue"), ("Content-Length", "\(Command.checkBody.utf8.count)")]
            try await connection.send(httpRequest("POST", Self.target, headers: headers))

            // RFC 9110 lets a client send the body after a while if no 100 comes.
            try await connection.send(Command.checkBody)

            var reply = try await connection.readReply()
            if reply.status == 100 { reply = try await connection.readReply() }
            #expect(try reply.decoded(as: CallReply.self).ErrorCode == 0)
        }
    }

    @Test(
        "a method that is not POST or GET is answered with 200 and 60002",
        arguments: ["OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "PROPFIND", "M-SEARCH"]
    )
    func otherMethods(method: String) async throws {
        try await withServer { server in
            let connection = try await server.connect()

            let reply = try await connection.exchange(method, Self.target, body: Command.checkBody)

            #expect(reply.status == 200)
            #expect(try reply.decoded(as: CallReply.self).ErrorCode == 60002)
            #expect(try await connection.call(Command.check, Command.checkBody).ErrorCode == 0)
        }
    }

    @Test("a HEAD is answered with 200 and no body, so that the next call on the connection is understood")
    func head() async throws {
        try await withServer { server in
            let connection = try await server.connect()

            let reply = try await connection.exchange("HEAD", Self.target)

            #expect(reply.status == 200)
            #expect(try await connection.call(Command.check, Command.checkBody).ErrorCode == 0)
            #expect(try await server.request("GET", "/dev/requests").text.contains(#""code":60002"#))
        }
    }

    @Test("a CONNECT opens no tunnel: it is answered, and nothing after it is waited for")
    func connect() async throws {
        try await withServer { server in
            let connection = try await server.connect()

            try await connection.send(httpRequest("CONNECT", "192.0.2.1:443"))

            let answer = String(decoding: try await connection.readUntilClosed(within: .seconds(3)), as: UTF8.self)
            #expect(answer.hasPrefix("HTTP/1.1 501 "))
            #expect(answer.contains(#""ErrorCode":60009"#))
        }
    }

    @Test("a method that nobody knows is refused, and its connection closed")
    func unknownMethod() async throws {
        try await withServer { server in
            let connection = try await server.connect()

            try await connection.send(httpRequest("BREW", Self.target, body: Command.checkBody))

            let answer = String(decoding: try await connection.readUntilClosed(), as: UTF8.self)
            #expect(answer.hasPrefix("HTTP/1.1 400 "))
        }
    }
}
