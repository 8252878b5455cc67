import ChatProtocol
import NIOCore
import NIOHTTP1
import NIOWebSocket
import RostrumClient
import RostrumTesting
import Synchronization
import Testing

@Suite("A session from its login to its end", .timeLimit(.minutes(5)))
struct SessionLifeTests {
    @Test("logs in with a token that stands in no URL, and says goodbye")
    func login() async throws {
        let seen = Kept<String>()
        let script: ScriptedGateway.Script = { peer, _ in
            seen.add(peer.target)
            seen.add(peer.protocols.joined(separator: " "))
            try await peer.welcome()
            peer.notify("onOfficialAccountSubscribed", Wire.item(Wire.news, at(4)))
            do {
                try await peer.untilLeft()
            } catch let left as Peer.Left {
                seen.add("\(left.code ?? 0)")
            }
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                var events = session.events.makeAsyncIterator()
                let first = try await events.next()
                #expect(first == .connection(.connected))
                // Whoever leaves while something is on its way to him resets the connection, goodbye and all.
                _ = try await events.next()
            }
            try await waitUntil("the server has seen the end") { seen.all.count == 3 }
        }
        #expect(
            seen.all == [
                "/v4/ws?sdkappid=88888888&identifier=a%2Bb&platform=Web", "rostrum.v1 sig-1", "1000",
            ]
        )
    }

    @Test("tells every kind of event")
    func events() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            peer.notify("onOfficialAccountSubscribed", Wire.item(Wire.news, at(4)))
            peer.post(5)
            peer.notify("onRecvMessageRevoked", Wire.revocation(of: 5, event: 6))
            peer.notify("onOfficialAccountInfoChanged", Wire.item(Wire.news, at(5), more: #","EventSeq":7"#))
            peer.notify("onSomethingNew", #"{"a":1}"#)
            peer.notify("onOfficialAccountUnsubscribed", #"{"Official_Account":"@TOA#_news"}"#)
            peer.notify("onOfficialAccountSubscribed", Wire.item(Wire.news, at(7)))
            peer.notify("onOfficialAccountDeleted", #"{"Official_Account":"@TOA#_news","Epoch":"e","EventSeq":8}"#)
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                let words = try await session.words(until: "deleted @TOA#_news")
                #expect(
                    words == [
                        "subscribed @TOA#_news", "m5", "revoked 5", "changed @TOA#_news", "unsubscribed @TOA#_news",
                        "subscribed @TOA#_news", "deleted @TOA#_news",
                    ]
                )
            }
        }
    }

    @Test("renews an expired UserSig and goes on")
    func expired() async throws {
        let tokens = Kept<String>()
        let script: ScriptedGateway.Script = { peer, number in
            tokens.add(peer.protocols.last ?? "")
            try await peer.welcome([(Wire.news, at(0))])
            if number == 0 {
                peer.notify("onUserSigExpired", "{}")
                peer.close(4401)
            } else {
                let resume = try await peer.request()
                peer.answer(resume, #"{"@TOA#_news":\#(Wire.missing([Wire.message(1)], upTo: at(1)))}"#)
            }
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                let words = try await session.words(until: "m1")
                #expect(words == ["reload @TOA#_news", "expired", "m1"])
            }
            #expect(gateway.machine.pauses.isEmpty)
        }
        #expect(tokens.all == ["sig-1", "sig-2"])
    }

    @Test("asks for another UserSig when one is refused, and ends when that is refused, too")
    func refusedLogin() async throws {
        let tokens = Kept<String>()
        let script: ScriptedGateway.Script = { peer, _ in
            tokens.add(peer.protocols.last ?? "")
            peer.close(4401, #"{"ActionStatus":"FAIL","ErrorCode":70003,"ErrorInfo":"No."}"#)
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                await #expect {
                    try await session.words(until: "-")
                } throws: { error in
                    guard case .loginRefused(let refusal)? = error as? SessionEnd else { return false }
                    return refusal == Refusal(code: .userSigIllegal, info: "No.")
                }
                await #expect(throws: RostrumError.self) { try await session.subscribe(to: Wire.news) }
            }
        }
        #expect(tokens.all == ["sig-1", "sig-2"])
    }

    @Test("ends when it is kicked, after the event that says so", arguments: [KickReason.kicked, .replaced, .deleted])
    func kicked(reason: KickReason) async throws {
        let connections = Kept<Int>()
        let script: ScriptedGateway.Script = { peer, number in
            connections.add(number)
            try await peer.welcome()
            peer.notify("onKickedOffline", #"{"Reason":"\#(reason.rawValue)"}"#)
            peer.close(4401)
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                let words = try await session.words(until: "kicked \(reason.rawValue)")
                #expect(words.count == 1)
                await #expect {
                    try await session.words(until: "-")
                } throws: { error in
                    guard case .kicked(let told)? = error as? SessionEnd else { return false }
                    return told == reason
                }
            }
        }
        #expect(connections.all == [0])
    }

    private static let finals: [UInt16] = [1002, 1003, 1007, 1009, 4403, 4409, 4499]

    @Test("does not come back after a code that says not to", arguments: Self.finals)
    func finalCodes(code: UInt16) async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            peer.close(code, "why")
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                await #expect {
                    try await session.words(until: "-")
                } throws: { error in
                    switch error as? SessionEnd {
                    case .closed(let told, let reason): told == Int(code) && reason == "why"
                    case .kicked(.replaced): code == 4409
                    default: false
                    }
                }
            }
            #expect(gateway.machine.pauses.isEmpty)
        }
    }

    @Test(
        "comes back after other codes, more slowly when the server says that it is too much",
        arguments: [(1000, false), (1001, false), (1011, false), (1013, false), (1008, true), (4429, true)]
            as [(UInt16, Bool)]
    )
    func passingCodes(code: UInt16, isSlow: Bool) async throws {
        let script: ScriptedGateway.Script = { peer, number in
            if number == 0 {
                peer.close(code)
            } else {
                try await peer.welcome()
                peer.post(1)
            }
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                let words = try await session.words(until: "m1")
                #expect(words.last == "m1")
            }
            let pauses = gateway.machine.pauses
            #expect(pauses.count == 1)
            #expect(pauses.allSatisfy { $0 >= .seconds(15) } == isSlow)
        }
    }

    @Test("tries again when there is no server, no upgrade, or no UserSig")
    func noConnection() async throws {
        try await ScriptedGateway.with({ _, _ in }, status: .serviceUnavailable) { gateway in
            try await gateway.connect { session in
                var events = session.events.makeAsyncIterator()
                for _ in 0..<3 {
                    guard case .connection(.disconnected(let reason, _))? = try await events.next() else {
                        Issue.record("no disconnection")
                        return
                    }
                    #expect(reason.contains("HTTP status 503"))
                }
            }
        }
        struct NoBackend: Error {}
        let asked = Counter()
        let source = UserSigSource.supplied {
            guard asked.next() > 2 else { throw NoBackend() }
            return "sig"
        }
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            peer.post(1)
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect(gateway.configuration(userSigs: source)) { session in
                let words = try await session.words(until: "m1")
                #expect(words.last == "m1")
            }
            #expect(gateway.machine.pauses.count == 2)
        }
    }

    private static func notification(_ method: String, _ params: String) -> String {
        #"{"jsonrpc":"2.0","method":"\#(method)","params":\#(params)}"#
    }

    static let nonsense: [String] =
        ["x", "[]", #"{"id":null,"result":1}"#]
        // Numbers that no channel has.
        + [
            notification("onRecvNewMessage", Wire.message(.min)),
            notification("onRecvNewMessage", Wire.message(1, event: .min)),
            notification("onRecvNewMessage", Wire.message(0, event: 1)),
            notification("onRecvNewMessage", Wire.message(1, event: 0)),
            notification("onRecvMessageRevoked", Wire.revocation(of: 0, event: 1)),
            notification("onRecvMessageRevoked", Wire.revocation(of: 1, event: .min)),
            notification("onOfficialAccountInfoChanged", Wire.item(Wire.news, at(1), more: #","EventSeq":0"#)),
            notification("onOfficialAccountSubscribed", Wire.item(Wire.news, at(-1))),
            notification("onLagging", #"{"@TOA#_news":{\#(Wire.position(at(.min)))}}"#),
        ]

    @Test("comes back when what the server says cannot be read", arguments: nonsense)
    func unreadable(text: String) async throws {
        let script: ScriptedGateway.Script = { peer, number in
            try await peer.welcome()
            if number == 0 { peer.send(text) } else { peer.post(1) }
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                let words = try await session.words(until: "m1")
                #expect(words.last == "m1")
            }
            #expect(gateway.machine.pauses.count == 1)
        }
    }

    @Test("answers pings")
    func pings() async throws {
        let pongs = Kept<String>()
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            peer.ping("are you there")
            pongs.add(try await peer.pong())
            peer.post(1)
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                let words = try await session.words(until: "m1")
                #expect(words.last == "m1")
            }
        }
        #expect(pongs.all == ["are you there"])
    }

    @Test("notices a server that has been silent for two of its turns")
    func silence() async throws {
        let script: ScriptedGateway.Script = { peer, number in
            try await peer.welcome()
            peer.post(Int64(number) + 1, in: "@TOA#_\(number)")
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                var seen: [String] = []
                for try await event in session.events {
                    if case .connection(.disconnected(let reason, _)) = event { seen.append(reason) }
                    guard let word = event.word else { continue }
                    seen.append(word)
                    if word == "m2" { break }
                    guard word == "m1" else { continue }
                    // Three turns: the first may have begun just before the last word came.
                    for _ in 0..<3 {
                        let clock = gateway.machine.clock
                        try await waitUntil("the watch sleeps") { clock.sleepers == 1 }
                        clock.advance(by: .seconds(25))
                    }
                }
                #expect(seen.contains("the server is silent"))
                #expect(seen.last == "m2")
            }
        }
    }

    @Test("takes frames of 4 MiB, and longer texts in fragments")
    func longTexts() async throws {
        let long = String(repeating: "x", count: 4 * 1_048_576 - 1000)
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            peer.notify("onRecvNewMessage", Wire.message(1, text: long))
            let text = #"{"jsonrpc":"2.0","method":"onRecvNewMessage","params":\#(Wire.message(2, text: long + long))}"#
            var bytes = ByteBuffer(string: text)
            peer.write(.text, bytes.readSlice(length: 1_048_576) ?? ByteBuffer(), fin: false)
            while bytes.readableBytes > 1_048_576 {
                peer.ping("between")
                peer.write(.continuation, bytes.readSlice(length: 1_048_576) ?? ByteBuffer(), fin: false)
            }
            peer.write(.continuation, bytes)
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                let words = try await session.words(until: long + long)
                #expect(words.map(\.utf8.count).suffix(2) == [long.utf8.count, 2 * long.utf8.count])
            }
        }
    }

    @Test("ends its sequence when the task is cancelled")
    func cancellation() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            await withTaskGroup(of: Int.self) { group in
                let (stream, connected) = AsyncStream.makeStream(of: Void.self)
                group.addTask {
                    var count = 0
                    try? await gateway.connect { session in
                        for try await _ in session.events {
                            count += 1
                            connected.yield()
                        }
                    }
                    return count
                }
                for await _ in stream { break }
                group.cancelAll()
                #expect(await group.next() == 1)
            }
        }
    }
}
