import NIOCore
import RostrumTesting
import Testing
import WebSockets

/// The frames that a server sends, against an encoder that was written by itself.
@Suite struct WebSocketFramesTests {
    @Test("the length takes one, three or nine bytes", arguments: [0, 1, 125, 126, 127, 65_535, 65_536, 100_000])
    func lengths(count: Int) {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }

        let expected = RawWebSocket.Frame.binary(payload).bytes(isMasked: false)

        #expect(Array(buffer: WebSocketFrames.binary(payload)) == expected)
        #expect(Array(buffer: WebSocketFrames.binary(ByteBuffer(bytes: payload))) == expected)
    }

    @Test("text is what it is given, as text or as bytes")
    func text() {
        let text = "{\"jsonrpc\":\"2.0\"} 官方频道 🙂"
        let expected = RawWebSocket.Frame.text(text).bytes(isMasked: false)

        #expect(Array(buffer: WebSocketFrames.text(text)) == expected)
        #expect(Array(buffer: WebSocketFrames.text(Array(text.utf8))) == expected)
        #expect(Array(buffer: WebSocketFrames.text(ByteBuffer(string: text))) == expected)
    }

    @Test("ping and pong")
    func control() {
        #expect(Array(buffer: WebSocketFrames.ping) == [0x89, 0])
        #expect(
            Array(buffer: WebSocketFrames.pong(ByteBuffer(bytes: [1, 2])))
                == RawWebSocket.Frame.pong([1, 2]).bytes(isMasked: false)
        )
    }

    @Test(
        "a reason is cut between characters where it does not fit",
        arguments: [
            (String(repeating: "a", count: 123), 123), (String(repeating: "a", count: 124), 123),
            (String(repeating: "频", count: 42), 123), ("a" + String(repeating: "频", count: 41), 121),
            ("", 0),
        ]
    )
    func closeReason(reason: String, kept: Int) {
        let expected = RawWebSocket.Frame.close(4401, String(decoding: Array(reason.utf8.prefix(kept)), as: UTF8.self))

        let frame = WebSocketFrames.close(WebSocketCloseCode(rawValue: 4401), reason: reason)

        #expect(Array(buffer: frame) == expected.bytes(isMasked: false))
    }
}
