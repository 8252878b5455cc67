import Chat
import RostrumTesting
import Synchronization
import Testing
import WebhookDelivery

/// Whatever a backend sends, the process lives and each attempt comes to an end.
@Suite struct HostileBackendTests {
    private static let whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

    @Test(
        "replies that no client asked for end their connection at most",
        arguments: [
            ("", Receiver.raw("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nxyz")),
            ("", Receiver.raw(whole + whole)), ("", Receiver.raw(whole + "garbage")),
            ("", Receiver.raw(whole, thenClose: true)), ("", Receiver.raw(whole + whole, thenClose: true)),
            ("", Receiver.raw("HTTP/1.0 200 OK\r\n\r\n{}", thenClose: true)),
            ("", Receiver.raw("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nabcde")),
            ("", Receiver.raw("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n")),
            ("", Receiver.raw("HTTP/1.1 999 \r\nContent-Length: 0\r\n\r\n")),
            ("", Receiver.raw("HTTP/1.1 0 x\r\nContent-Length: 0\r\n\r\n")),
            ("", Receiver.raw("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\n")),
            ("", Receiver.raw("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n")),
            ("", Receiver.raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x")),
            ("", Receiver.raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx")),
            ("", Receiver.raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: y\r\n\r\n")),
            ("", Receiver.raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}")),
            ("", Receiver.raw(String(repeating: "HTTP/1.1 103 x\r\n\r\n", count: 1000) + whole)),
            (whole, Receiver.nothing), (whole, Receiver.raw(whole)), (whole + whole, Receiver.close),
            ("garbage", Receiver.nothing), ("HTTP/1.1 100 Continue\r\n\r\n", Receiver.raw(whole)),
        ] as [(String, Receiver.Script)]
    )
    func oddReplies(greeting: String, script: @escaping Receiver.Script) async throws {
        try await Receiver.listening(greeting: greeting, script) { receiver in
            await HTTPWebhookSender.running(timeout: .seconds(1)) { sender in
                await withDiscardingTaskGroup { group in
                    for _ in 0..<10 {
                        group.addTask {
                            for _ in 0..<5 {
                                let outcome = await sender.post(.example("http://127.0.0.1:\(receiver.port)/"))
                                if case .timedOut = outcome { return }
                            }
                        }
                    }
                }
            }
        }
    }

    @Test("connections that close as soon as they are there", arguments: [["127.0.0.0/8"], []])
    func closesAtOnce(ranges: [String]) async throws {
        try await Receiver.listening(closesAtOnce: true, Receiver.nothing) { receiver in
            await HTTPWebhookSender.running(allowing: ranges, lookUp: { _ in ["8.8.8.8"] }) { sender in
                for _ in 0..<300 {
                    guard case .failed = await sender.post(.example("http://localhost:\(receiver.port)/")) else {
                        Issue.record("a reply, or none in time")
                        return
                    }
                }
            }
        }
    }

    @Test("replies with bytes changed, left out and sent twice, and ends in the middle", arguments: [1, 2, 3])
    func damaged(seed: UInt64) async throws {
        let random = Mutex(SeededGenerator(seed: seed))
        let replies = [
            Self.whole, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        ]
        let script: Receiver.Script = { channel, request in
            let (bytes, closes) = random.withLock { random in
                var bytes = Array((replies.randomElement(using: &random) ?? "").utf8)
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    let index = Int.random(in: 0..<max(bytes.count, 1), using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: bytes = Array(bytes.prefix(index))
                    case 1: bytes += bytes.suffix(index)
                    case 2: bytes.insert(.random(in: 0...255, using: &random), at: index)
                    default: bytes.removeSubrange(index..<min(index + 1, bytes.count))
                    }
                }
                return (bytes, Bool.random(using: &random))
            }
            Receiver.raw(String(decoding: bytes, as: UTF8.self), thenClose: closes)(channel, request)
        }
        try await Receiver.listening(script) { receiver in
            await HTTPWebhookSender.running(timeout: .seconds(1)) { sender in
                await withDiscardingTaskGroup { group in
                    for _ in 0..<20 {
                        group.addTask {
                            for _ in 0..<50 {
                                let outcome = await sender.post(.example("http://127.0.0.1:\(receiver.port)/"))
                                if case .timedOut = outcome { return }
                            }
                        }
                    }
                }
            }
        }
    }
}
