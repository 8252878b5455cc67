import ChatProtocol
import NIOCore
import NIOWebSocket
import RostrumClient
import RostrumTesting
import Synchronization
import Testing

@Suite("A session and its consumer", .timeLimit(.minutes(5)))
struct SessionConsumerTests {
    @Test("store a position when the next event is asked for, and not before")
    func positionsFollow() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome([(Wire.news, at(4))])
            peer.post(5)
            peer.post(6, event: 8)
            try await peer.untilLeft()
        }
        let store = MemoryPositionStore()
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect(gateway.configuration(positions: store)) { session in
                var events = session.events.makeAsyncIterator()
                var seen: [String] = []
                while seen.last != "m6" {
                    if let word = try await events.next()?.word { seen.append(word) }
                    let position = await store.positions()[Wire.news]
                    switch seen.last {
                    case "reload @TOA#_news": #expect(position == nil)
                    case "m5": #expect(position == at(4))
                    case "m6": #expect(position == at(5))
                    default: break
                    }
                }
            }
        }
    }

    @Test("go on where another loop over the events stopped")
    func secondLoop() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome([(Wire.news, at(0))])
            for seq in Int64(1)...4 { peer.post(seq) }
            try await peer.untilLeft()
        }
        let store = MemoryPositionStore()
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect(gateway.configuration(positions: store)) { session in
                let words = try await session.words(until: "m2")
                #expect(words == ["reload @TOA#_news", "m1", "m2"])
                let others = try await session.words(until: "m4")
                #expect(others == ["m3", "m4"])
                #expect(await store.positions() == [Wire.news: at(3)])
            }
        }
    }

    @Test("end when positions cannot be stored or read")
    func brokenStore() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome([(Wire.news, at(0))])
            peer.post(1)
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            for failsToRead in [true, false] {
                let configuration = gateway.configuration(positions: BrokenStore(failsToRead: failsToRead))
                try await gateway.connect(configuration) { session in
                    await #expect {
                        try await session.words(until: "-")
                    } throws: { error in
                        guard case .positionStore(let cause)? = error as? SessionEnd else { return false }
                        return cause is BrokenStore.Broken
                    }
                }
            }
        }
    }

    private struct BrokenStore: PositionStore {
        struct Broken: Error {}
        let failsToRead: Bool

        func positions() throws -> [String: ChannelPosition] {
            if failsToRead { throw Broken() }
            return [:]
        }

        func store(_ position: ChannelPosition, of channel: String) throws { throw Broken() }

        func forget(_ channel: String) throws { throw Broken() }
    }

    @Test("that is slow holds up the server, not the memory, and loses nothing")
    func slowConsumer() async throws {
        let count: Int64 = 20_000
        let progress = Progress()
        let text = String(repeating: "x", count: 2000)
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome([(Wire.news, at(0))])
            for seq in 1...count {
                let message = Wire.message(seq, text: "\(seq) \(text)")
                try await peer.channel.writeAndFlush(
                    Peer.frame(#"{"jsonrpc":"2.0","method":"onRecvNewMessage","params":\#(message)}"#)
                )
                progress.set(seq)
            }
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                try await waitUntil("the buffer is full") { session.waitingEvents >= 64 }
                var before: Int64 = -1
                // Nothing was written for a while: the server is held up.
                try await waitUntil("the server is held up", every: .milliseconds(200)) {
                    defer { before = progress.value }
                    return progress.value == before
                }
                #expect(progress.value < count)
                #expect(session.waitingEvents >= 64)
                #expect(session.waitingEvents <= 64 + 8)

                var next: Int64 = 1
                for try await event in session.events {
                    guard case .message(let message) = event else { continue }
                    #expect(message.seq == next)
                    next += 1
                    if next > count { break }
                }
            }
        }
    }

    private final class Progress: Sendable {
        private let last = Mutex<Int64>(0)
        var value: Int64 { last.withLock { $0 } }
        func set(_ seq: Int64) { last.withLock { $0 = seq } }
    }

    @Test("may make a call between two events, however many wait")
    func callWhileFull() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome([(Wire.news, at(0))])
            for seq in Int64(1)...200 { peer.post(seq) }
            while true {
                let request = try await peer.request()
                for seq in Int64(201)...300 { peer.post(seq) }
                peer.answer(request, "{}")
            }
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                var seen: [Int64] = []
                for try await event in session.events {
                    guard case .message(let message) = event else { continue }
                    seen.append(message.seq)
                    if message.seq == 1 {
                        try await waitUntil("the buffer is full") { session.waitingEvents >= 64 }
                        try await session.markAsRead(upTo: 1, in: message.channel)
                    }
                    if message.seq == 300 { break }
                }
                #expect(seen == Array(1...300))
            }
        }
    }

    @Test("may make a call after the connection was lost, however many wait")
    func callAfterLoss() async throws {
        let script: ScriptedGateway.Script = { peer, number in
            try await peer.welcome([(Wire.news, at(0))])
            guard number > 0 else {
                for seq in Int64(1)...200 { peer.post(seq) }
                return try await peer.drop()
            }
            let call = try await peer.request()
            guard call.method == "getUnreadMessageCount" else { return }
            peer.answer(call, #"{"UnreadMsgNum":3}"#)
            let resume = try await peer.request()
            let first = JSONValue(resume.params)[Wire.news]?["MsgSeq"]?.integer ?? 0
            let missed = ((first + 1)...300).map { Wire.message($0) }
            peer.answer(resume, #"{"@TOA#_news":\#(Wire.missing(missed, upTo: at(300)))}"#)
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                var seen: [Int64] = []
                for try await event in session.events {
                    guard case .message(let message) = event else { continue }
                    seen.append(message.seq)
                    if message.seq == 1 {
                        try await waitUntil("the buffer is full") { session.waitingEvents >= 64 }
                        let unread = try await Self.unread(session)
                        #expect(unread == 3)
                    }
                    if message.seq == 300 { break }
                }
                #expect(seen == Array(1...300))
            }
        }
    }

    /// Calls again when the call met the end of a connection.
    private static func unread(_ session: SubscriberSession) async throws(RostrumError) -> Int64 {
        do throws(RostrumError) {
            return try await session.unreadCount(of: Wire.news)
        } catch {
            guard case .noAnswer = error else { throw error }
            return try await session.unreadCount(of: Wire.news)
        }
    }

    @Test("takes an answer of `resume` however long it is, and makes calls meanwhile")
    func longAnswer() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            let resume = try await peer.request()
            let missed = (Int64(1)...3000).map { Wire.message($0) }
            peer.answer(resume, #"{"@TOA#_news":\#(Wire.missing(missed, upTo: at(3000)))}"#)
            while true { peer.answer(try await peer.request(), "{}") }
        }
        let store = MemoryPositionStore([Wire.news: at(0)])
        try await ScriptedGateway.with(script) { gateway in
            var configuration = gateway.configuration(positions: store)
            // On a machine that does much else the answer takes long to be read; it is not late.
            configuration.timeout = .seconds(120)
            try await gateway.connect(configuration) { session in
                var seen: [Int64] = []
                for try await event in session.events {
                    guard case .message(let message) = event else { continue }
                    seen.append(message.seq)
                    if message.seq % 1000 == 1 { try await session.markAsRead(upTo: message.seq, in: Wire.news) }
                    if message.seq == 3000 { break }
                }
                #expect(seen == Array(1...3000))
            }
            #expect(gateway.machine.pauses.isEmpty)
        }
    }

    @Test("connects anew rather than read on without end for a call that is not answered")
    func overfull() async throws {
        let resumed = Kept<String>()
        let script: ScriptedGateway.Script = { peer, number in
            try await peer.welcome([(Wire.news, at(0))])
            if number == 0 {
                _ = try await peer.request()
                for seq in Int64(1)...3000 { peer.post(seq) }
            } else {
                let resume = try await peer.request()
                resumed.add(resume.params)
                let first = JSONValue(resume.params)[Wire.news]?["MsgSeq"]?.integer ?? 0
                let missed = ((first + 1)...3000).map { Wire.message($0) }
                peer.answer(resume, #"{"@TOA#_news":\#(Wire.missing(missed, upTo: at(3000)))}"#)
            }
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                await #expect(throws: RostrumError.self) { try await session.markAsRead(upTo: 1, in: Wire.news) }
                #expect(session.waitingEvents <= 64 * 16 + 8)

                let words = try await session.words(until: "m3000")
                #expect(words == ["reload @TOA#_news"] + (1...3000).map { "m\($0)" })
            }
        }
        #expect(resumed.all.count == 1)
    }
}

extension Peer {
    static func frame(_ text: String) -> WebSocketFrame {
        WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: text))
    }
}
