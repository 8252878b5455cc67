import NIOCore
import NIOEmbedded
import NIOHTTP1
import Server
import Testing

/// Where an HTTP/1 connection ends after an answer, and that the answer says so.
@Suite struct ConnectionEndTests {
    private func channel() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handler: ConnectionEnd())
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 80)).wait()
        return channel
    }

    /// Sends a request with these headers through the handler; its head as it arrives behind it.
    private func request(
        _ headers: [(String, String)],
        version: HTTPVersion = .http1_1,
        through channel: EmbeddedChannel
    ) throws -> HTTPHeaders {
        let head = HTTPRequestHead(version: version, method: .POST, uri: "/", headers: HTTPHeaders(headers))
        try channel.writeInbound(HTTPServerRequestPart.head(head))
        try channel.writeInbound(HTTPServerRequestPart.body(ByteBuffer(string: "{}")))
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
        guard case .head(let arrived) = try channel.readInbound(as: HTTPServerRequestPart.self) else {
            Issue.record("no head arrived")
            return [:]
        }
        #expect(try channel.readInbound(as: HTTPServerRequestPart.self) == .body(ByteBuffer(string: "{}")))
        #expect(try channel.readInbound(as: HTTPServerRequestPart.self) == .end(nil))
        return arrived.headers
    }

    /// Answers the oldest request; the values of `connection` as they go out.
    private func answer(_ status: HTTPResponseStatus = .ok, through channel: EmbeddedChannel) throws -> [String] {
        try channel.writeOutbound(HTTPServerResponsePart.head(HTTPResponseHead(version: .http1_1, status: status)))
        guard case .head(let head) = try channel.readOutbound(as: HTTPServerResponsePart.self) else {
            Issue.record("no head went out")
            return []
        }
        return head.headers["connection"]
    }

    @Test(
        "a request that offers another protocol loses the offer, and its connection ends",
        arguments: ["h2c", "websocket", ""]
    )
    func upgrade(offer: String) throws {
        let channel = try channel()

        let headers = try request(
            [("Upgrade", offer), ("Connection", "Upgrade, HTTP2-Settings"), ("Accept", "*/*")],
            through: channel
        )

        #expect(!headers.contains(name: "upgrade"))
        #expect(headers["connection"] == ["close"])
        #expect(headers["accept"] == ["*/*"])
        #expect(try answer(through: channel) == ["close"])
        _ = try channel.finish()
    }

    @Test("a caller who asks for the end gets it, however he writes it", arguments: ["close", "Close", "TE, close"])
    func close(value: String) throws {
        let channel = try channel()

        let headers = try request([("Connection", value)], through: channel)

        #expect(headers["connection"] == ["close"])
        #expect(try answer(through: channel) == ["close"])
        _ = try channel.finish()
    }

    @Test("HTTP/1.0 ends after the answer, unless it asks to be kept and is told so")
    func version10() throws {
        let channel = try channel()

        #expect(try request([], version: .http1_0, through: channel)["connection"] == ["close"])
        #expect(try answer(through: channel) == ["close"])
        #expect(
            try request([("Connection", "keep-alive")], version: .http1_0, through: channel)["connection"]
                == ["keep-alive"]
        )
        #expect(try answer(through: channel) == ["keep-alive"])
        _ = try channel.finish()
    }

    @Test("other requests and answers are left alone")
    func untouched() throws {
        let channel = try channel()

        let headers = try request([("Accept", "*/*"), ("Connection", "keep-alive")], through: channel)

        #expect(headers["connection"] == ["keep-alive"])
        #expect(try answer(through: channel).isEmpty)
        _ = try channel.finish()
    }

    @Test("of several requests sent at once each answer says what its own request asked for")
    func pipelined() throws {
        let channel = try channel()
        _ = try request([], through: channel)
        _ = try request([("Connection", "close")], through: channel)

        #expect(try answer(.continue, through: channel).isEmpty)
        #expect(try answer(through: channel).isEmpty)
        #expect(try answer(through: channel) == ["close"])
        _ = try channel.finish()
    }
}
