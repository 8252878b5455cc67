import RostrumClient
import RostrumTesting
import Synchronization
import Testing

@Suite("A session that resumes", .timeLimit(.minutes(5)))
struct SessionResumeTests {
    private static let reload = "reload \(Wire.news)"

    @Test("brings what was missed while the connection was lost, in order, and nothing twice")
    func lostConnection() async throws {
        let script: ScriptedGateway.Script = { peer, number in
            try await peer.welcome([(Wire.news, at(0))])
            if number == 0 {
                peer.post(1)
                peer.post(2)
                try await peer.drop()
                return
            }
            // Live before the question was read: it must wait for the answer.
            peer.post(5)
            let resume = try await peer.request()
            guard resume.method == "resume", resume.params == #"{"@TOA#_news":{"Epoch":"e","EventSeq":2,"MsgSeq":2}}"#
            else { return }
            peer.answer(resume, #"{"@TOA#_news":\#(Wire.missing([Wire.message(3), Wire.message(4)], upTo: at(4)))}"#)
            peer.post(4)
            peer.post(5)
            peer.post(6)
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                let words = try await session.words(until: "m6")
                #expect(words == [Self.reload, "m1", "m2", "m3", "m4", "m5", "m6"])
            }
        }
    }

    @Test("asks on while there is more, and lets live events wait until there is no more")
    func more() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            let first = try await peer.request()
            peer.answer(
                first,
                #"{"@TOA#_news":\#(Wire.missing([Wire.message(2)], upTo: at(2), more: #","more":true"#))}"#
            )
            peer.post(4)
            let second = try await peer.request()
            guard second.params.contains(#""MsgSeq":2"#) else { return }
            peer.answer(second, #"{"@TOA#_news":\#(Wire.missing([Wire.message(3)], upTo: at(3)))}"#)
            try await peer.untilLeft()
        }
        let store = MemoryPositionStore([Wire.news: at(1)])
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect(gateway.configuration(positions: store)) { session in
                let words = try await session.words(until: "m4")
                #expect(words == ["m2", "m3", "m4"])
            }
        }
    }

    @Test("asks about at most 100 channels at once")
    func manyChannels() async throws {
        let names = (0..<250).map { "@TOA#_\($0)" }
        let counts = Kept<Int>()
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            var left = names.count
            while left > 0 {
                let resume = try await peer.request()
                let asked = names.filter { resume.params.contains(#""\#($0)":"#) }
                counts.add(asked.count)
                left -= asked.count
                let answers = asked.map { #""\#($0)":\#(Wire.missing([], upTo: at(1)))"# }
                peer.answer(resume, "{\(answers.joined(separator: ","))}")
            }
            peer.post(2, in: names[249])
            try await peer.untilLeft()
        }
        let store = MemoryPositionStore(Dictionary(uniqueKeysWithValues: names.map { ($0, at(1)) }))
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect(gateway.configuration(positions: store)) { session in
                let words = try await session.words(until: "m2")
                #expect(words == ["m2"])
            }
        }
        #expect(counts.all == [100, 100, 50])
    }

    @Test("after `onLagging`, with the channel's events waiting for the answer")
    func lagging() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome([(Wire.news, at(0))])
            peer.post(1)
            peer.notify("onLagging", #"{"@TOA#_news":{\#(Wire.position(at(3)))}}"#)
            peer.post(4)
            peer.post(1, in: "@TOA#_other")
            let resume = try await peer.request()
            guard resume.params.contains(#""MsgSeq":1"#) else { return }
            let missed = [Wire.message(2), Wire.message(3), Wire.message(4)]
            peer.answer(resume, #"{"@TOA#_news":\#(Wire.missing(missed, upTo: at(4)))}"#)
            peer.post(5)
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                let words = try await session.words(until: "m5")
                // The other channel waits for nothing.
                #expect(
                    words == [Self.reload, "m1", "reload @TOA#_other", "m1", "m2", "m3", "m4", "m5"]
                )
            }
        }
    }

    @Test("puts recalls and changes of the profile in their places among the posts")
    func mixedEvents() async throws {
        let changed = Wire.item(Wire.news, at(9), more: #","EventSeq":4"#)
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            let resume = try await peer.request()
            let answer =
                #"{"messages":[\#(Wire.message(2, event: 3)),\#(Wire.message(3, event: 6))],"#
                + #""revoked":[\#(Wire.revocation(of: 1, event: 5))],"infoChanged":\#(changed),"#
                + #""Epoch":"e","MsgSeq":3,"EventSeq":7}"#
            peer.answer(resume, #"{"@TOA#_news":\#(answer)}"#)
            peer.post(4, event: 8)
            try await peer.untilLeft()
        }
        let store = MemoryPositionStore([Wire.news: at(1)])
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect(gateway.configuration(positions: store)) { session in
                let words = try await session.words(until: "m4")
                #expect(words == ["m2", "changed @TOA#_news", "revoked 1", "m3", "m4"])
            }
        }
    }

    @Test("says that the history is to be read when the server cannot tell what was missed")
    func reload() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            let resume = try await peer.request()
            peer.post(8, epoch: "f")
            peer.answer(resume, #"{"@TOA#_news":{"reload":true,\#(Wire.position(at(8, "f")))}}"#)
            peer.post(9, epoch: "f")
            try await peer.untilLeft()
        }
        let store = MemoryPositionStore([Wire.news: at(3)])
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect(gateway.configuration(positions: store)) { session in
                let words = try await session.words(until: "m9")
                #expect(words == [Self.reload, "m9"])
            }
        }
    }

    @Test("asks when a post comes from another incarnation of its channel")
    func otherEpoch() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome([(Wire.news, at(5))])
            peer.post(6)
            peer.post(2, epoch: "f")
            let resume = try await peer.request()
            guard resume.params.contains(#""Epoch":"e""#) else { return }
            peer.answer(resume, #"{"@TOA#_news":{"reload":true,\#(Wire.position(at(1, "f")))}}"#)
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                let words = try await session.words(until: "m2")
                #expect(words == [Self.reload, "m6", Self.reload, "m2"])
            }
        }
    }

    @Test("tells of a channel that is gone, and forgets its position")
    func gone() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            let resume = try await peer.request()
            peer.answer(resume, #"{"@TOA#_news":{"reload":true}}"#)
            peer.post(1, in: "@TOA#_other")
            try await peer.untilLeft()
        }
        let store = MemoryPositionStore([Wire.news: at(3)])
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect(gateway.configuration(positions: store)) { session in
                let words = try await session.words(until: "m1")
                #expect(words == ["unsubscribed @TOA#_news", "reload @TOA#_other", "m1"])
            }
        }
        #expect(await store.positions().keys.sorted() == ["@TOA#_other"])
    }

    @Test("keeps an online-only post that came before the answer, which cannot have it")
    func onlineOnly() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            peer.notify("onRecvNewMessage", Wire.message(3, text: "now", isOnlineOnly: true))
            let resume = try await peer.request()
            peer.answer(resume, #"{"@TOA#_news":\#(Wire.missing([Wire.message(2), Wire.message(4)], upTo: at(4)))}"#)
            try await peer.untilLeft()
        }
        let store = MemoryPositionStore([Wire.news: at(1)])
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect(gateway.configuration(positions: store)) { session in
                let words = try await session.words(until: "m4")
                #expect(words == ["m2", "now", "m4"])
            }
        }
    }

    @Test("keeps an online-only post that comes after an answer which passed its number, once")
    func lateOnlineOnly() async throws {
        let now = Wire.message(3, text: "now", isOnlineOnly: true)
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            let resume = try await peer.request()
            peer.answer(resume, #"{"@TOA#_news":\#(Wire.missing([Wire.message(2), Wire.message(4)], upTo: at(4)))}"#)
            peer.notify("onRecvNewMessage", now)
            peer.notify("onRecvNewMessage", now)
            peer.post(5)
            peer.notify("onRecvNewMessage", now)
            peer.post(6)
            try await peer.untilLeft()
        }
        let store = MemoryPositionStore([Wire.news: at(1)])
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect(gateway.configuration(positions: store)) { session in
                let words = try await session.words(until: "m6")
                #expect(words == ["m2", "m4", "now", "m5", "m6"])
            }
        }
        #expect(await store.positions()[Wire.news] == at(5))
    }

    @Test("keeps an online-only post that comes between two answers", arguments: [false, true])
    func onlineOnlyBetween(isReload: Bool) async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            let more = Wire.missing([Wire.message(2), Wire.message(4)], upTo: at(4), more: #","more":true"#)
            peer.answer(try await peer.request(), #"{"@TOA#_news":\#(more)}"#)
            let resume = try await peer.request()
            peer.notify("onRecvNewMessage", Wire.message(3, text: "now", isOnlineOnly: true))
            let reload = #"{"reload":true,\#(Wire.position(at(5)))}"#
            peer.answer(
                resume,
                #"{"@TOA#_news":\#(isReload ? reload : Wire.missing([Wire.message(5)], upTo: at(5)))}"#
            )
            peer.post(6)
            try await peer.untilLeft()
        }
        let store = MemoryPositionStore([Wire.news: at(1)])
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect(gateway.configuration(positions: store)) { session in
                let words = try await session.words(until: "m6")
                #expect(
                    words == (isReload ? ["m2", "m4", Self.reload, "now", "m6"] : ["m2", "m4", "now", "m5", "m6"])
                )
            }
        }
    }

    @Test("does not ask about a channel that was subscribed to anew, or left, while it waited to be asked about")
    func subscribedWhileUnasked() async throws {
        let names = (100..<203).map { "@TOA#_\($0)" }
        let asked = Kept<String>()
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            let first = try await peer.request()
            peer.notify("onOfficialAccountSubscribed", Wire.item(names[100], at(7)))
            peer.notify("onOfficialAccountUnsubscribed", #"{"Official_Account":"\#(names[101])"}"#)
            peer.post(3, in: names[101])
            let answers = names[..<100].map { #""\#($0)":\#(Wire.missing([], upTo: at(1)))"# }
            peer.answer(first, "{\(answers.joined(separator: ","))}")
            let second = try await peer.request()
            asked.add(second.params)
            peer.answer(second, #"{"\#(names[102])":\#(Wire.missing([Wire.message(2, in: names[102])], upTo: at(2)))}"#)
            try await peer.untilLeft()
        }
        let store = MemoryPositionStore(Dictionary(uniqueKeysWithValues: names.map { ($0, at(1)) }))
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect(gateway.configuration(positions: store)) { session in
                let words = try await session.words(until: "m2")
                #expect(
                    words == [
                        "subscribed \(names[100])", "unsubscribed \(names[101])", "reload \(names[101])", "m3", "m2",
                    ]
                )
            }
        }
        #expect(asked.all == [#"{"@TOA#_202":{"Epoch":"e","EventSeq":1,"MsgSeq":1}}"#])
    }

    @Test("asks again when a channel that was subscribed to anew lags before the answer about its past comes")
    func laggingAfterSubscribed() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            let first = try await peer.request()
            peer.notify("onOfficialAccountSubscribed", Wire.item(Wire.news, at(3)))
            peer.notify("onLagging", #"{"@TOA#_news":{\#(Wire.position(at(5)))}}"#)
            peer.answer(first, #"{"@TOA#_news":\#(Wire.missing([Wire.message(2)], upTo: at(2)))}"#)
            let second = try await peer.request()
            let missed = [Wire.message(4), Wire.message(5)]
            peer.answer(second, #"{"@TOA#_news":\#(Wire.missing(missed, upTo: at(5)))}"#)
            peer.post(6)
            try await peer.untilLeft()
        }
        let store = MemoryPositionStore([Wire.news: at(1)])
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect(gateway.configuration(positions: store)) { session in
                let words = try await session.words(until: "m6")
                #expect(words == ["subscribed \(Wire.news)", "m4", "m5", "m6"])
            }
        }
    }

    @Test("asks again when the channel was subscribed to anew before the answer about its past came")
    func subscribedWhileAsked() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            let first = try await peer.request()
            peer.notify("onOfficialAccountSubscribed", Wire.item(Wire.news, at(3)))
            // Sent after the new beginning, and for the server done with by this answer.
            peer.answer(first, #"{"@TOA#_news":\#(Wire.missing([Wire.message(4)], upTo: at(4)))}"#)
            peer.post(5)
            let second = try await peer.request()
            guard second.params == #"{"@TOA#_news":{"Epoch":"e","EventSeq":3,"MsgSeq":3}}"# else { return }
            let missed = [Wire.message(4), Wire.message(5)]
            peer.answer(second, #"{"@TOA#_news":\#(Wire.missing(missed, upTo: at(5)))}"#)
            peer.post(6)
            try await peer.untilLeft()
        }
        let store = MemoryPositionStore([Wire.news: at(3)])
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect(gateway.configuration(positions: store)) { session in
                let words = try await session.words(until: "m6")
                #expect(words == ["subscribed \(Wire.news)", "m4", "m5", "m6"])
            }
        }
    }

    @Test("learns of all channels of the user, page by page")
    func pages() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            for (channel, offset, next) in [("@TOA#_a", 0, 1), ("@TOA#_b", 1, 2), ("@TOA#_c", 2, 0)] {
                let request = try await peer.request()
                guard request.params == Wire.listRequest(from: offset) else { return }
                let item = Wire.item(channel, at(4))
                peer.answer(request, #"{"OfficialAccountInfoList":[\#(item)],"TotalCount":3,"Next":\#(next)}"#)
            }
            peer.post(5, in: "@TOA#_c")
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                let words = try await session.words(until: "m5")
                #expect(words == ["reload @TOA#_a", "reload @TOA#_b", "reload @TOA#_c", "m5"])
            }
        }
    }

    @Test("asks once more for what it could not hold")
    func heldBound() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            let first = try await peer.request()
            for seq in Int64(2)...1000 { peer.post(seq) }
            peer.answer(first, #"{"@TOA#_news":\#(Wire.missing([], upTo: at(1)))}"#)
            let second = try await peer.request()
            guard second.params.contains(#""MsgSeq":1"#) else { return }
            let missed = (Int64(2)...1000).map { Wire.message($0) }
            peer.answer(second, #"{"@TOA#_news":\#(Wire.missing(missed, upTo: at(1000)))}"#)
            try await peer.untilLeft()
        }
        let store = MemoryPositionStore([Wire.news: at(1)])
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect(gateway.configuration(positions: store)) { session in
                let words = try await session.words(until: "m1000")
                #expect(words == (2...1000).map { "m\($0)" })
            }
        }
    }

    @Test("connects again when `resume` is refused")
    func refusedResume() async throws {
        let script: ScriptedGateway.Script = { peer, number in
            try await peer.welcome()
            let resume = try await peer.request()
            if number == 0 {
                peer.refuse(resume, 20005)
            } else {
                peer.answer(resume, #"{"@TOA#_news":\#(Wire.missing([Wire.message(2)], upTo: at(2)))}"#)
            }
            try await peer.untilLeft()
        }
        let store = MemoryPositionStore([Wire.news: at(1)])
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect(gateway.configuration(positions: store)) { session in
                let words = try await session.words(until: "m2")
                #expect(words == ["m2"])
            }
            #expect(gateway.machine.pauses.count == 1)
        }
    }
}

/// What a script noted.
final class Kept<Item: Sendable>: Sendable {
    private let items = Mutex<[Item]>([])

    var all: [Item] { items.withLock { $0 } }

    func add(_ item: Item) {
        items.withLock { $0.append(item) }
    }
}
