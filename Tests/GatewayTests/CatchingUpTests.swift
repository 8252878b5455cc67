import Chat
import ChatProtocol
import Dispatch
import Gateway
import NIOCore
import NIOPosix
import RostrumTesting
import Testing

/// Sessions whose events wait for an answer to `resume`: what comes meanwhile, and when it goes on.
@Suite(.timeLimit(.minutes(5))) struct CatchingUpTests {
    /// A node with one event loop where anna follows the news and has the first post, and where nothing is read but what
    /// somebody asks for.
    private func withNews(
        memory: Duration = Gateway.memory,
        _ body: (_ node: LiveNode, _ reads: HeldReads, _ anna: LiveClient, _ epoch: JSONValue) async throws -> Void
    ) async throws {
        var options = LiveNode.Options()
        (options.comparisonInterval, options.loops) = (.seconds(3600), 1)
        (options.reconciliationInterval, options.memory) = (.seconds(3600), memory)
        try await StorageEngine.sqlite.withLiveNode(over: HeldReads.init, options) { node, reads in
            try await node.createChannel()
            let anna = try await node.login("anna")
            try await node.subscribe("anna")
            let epoch = try await anna.next("onOfficialAccountSubscribed")["Epoch"] ?? .null
            // Her room has read what it needs.
            try await node.post("first")
            _ = try await anna.next("onRecvNewMessage")
            try await body(node, reads, anna, epoch)
        }
    }

    private func position(_ epoch: JSONValue, _ number: Int64) -> JSONValue {
        .object(["Epoch": epoch, "MsgSeq": .integer(number), "EventSeq": .integer(number)])
    }

    /// The position at the end of an answer.
    private func position(after answer: JSONValue?) -> JSONValue {
        .object([
            "Epoch": answer?["Epoch"] ?? .null, "MsgSeq": answer?["MsgSeq"] ?? .null,
            "EventSeq": answer?["EventSeq"] ?? .null,
        ])
    }

    private func texts(_ answer: JSONValue?) -> [String] {
        (answer?["messages"]?.items ?? []).compactMap(\.object?.messageText)
    }

    /// What a client got of the news, in order: the texts of posts, and those in answers to `resume` together in brackets.
    private func story(of client: LiveClient) -> [String] {
        client.arrivals.compactMap { arrival in
            switch arrival {
            case .notification(let notification): notification.parameters.messageText
            case .answer(_, .success(let result)): result["@TOA#_news"].map { "\(texts($0))" }
            case .answer, .other, .ended: nil
            }
        }
    }

    /// Whether each post that a client got was for those who are online only, by its text.
    private func onlineOnly(_ posts: [JSONObject]) -> [String: Bool] {
        Dictionary(posts.map { ($0.messageText ?? "", $0.number("OnlineOnlyFlag") == 1) }) { $0 && $1 }
    }

    @Test(
        "an online-only post that comes while an answer is made is in it, when the answer counts it, or follows it",
        arguments: [true, false]
    )
    func onlineOnly(readSeesIt: Bool) async throws {
        try await withNews { node, reads, anna, epoch in
            let application = try await node.installation.application()
            let read = reads.holdNext(seesLater: readSeesIt)
            defer { read.goOn() }
            let id = anna.send("resume", ["@TOA#_news": position(epoch, 1)])
            await read.waitUntilBegun()
            try await node.post("heard", for: node.call(with: application)) { $0.isOnlineOnly = true }
            try await node.post("stored", for: node.call(with: application))
            read.goOn()
            let answer = try await anna.answer(to: id, "resume")["@TOA#_news"]
            try await node.post("live")
            try await waitUntil("the live post arrives") { story(of: anna).last == "live" }

            #expect(
                story(of: anna)
                    == (readSeesIt
                        ? ["first", "\(["heard", "stored"])", "live"]
                        : ["first", "\([String]())", "heard", "stored", "live"])
            )
            let posts = (answer?["messages"]?.items ?? []).compactMap(\.object) + anna.notifications("onRecvNewMessage")
            #expect(onlineOnly(posts) == ["first": false, "heard": true, "stored": false, "live": false])
        }
    }

    @Test("an online-only post is remembered for a while, and no longer")
    func forgotten() async throws {
        try await withNews(memory: .milliseconds(5)) { node, reads, anna, epoch in
            let application = try await node.installation.application()
            var number = 0
            try await waitUntil("an answer takes too long for the post that comes meanwhile") {
                number += 1
                let read = reads.holdNext()
                defer { read.goOn() }
                let id = anna.send("resume", ["@TOA#_news": position(epoch, 1)])
                await read.waitUntilBegun()
                try await node.post("heard \(number)", for: node.call(with: application)) { $0.isOnlineOnly = true }
                try await Task.sleep(for: .milliseconds(50))
                read.goOn()
                _ = try await anna.answer(to: id, "resume")
                try await node.post("live \(number)")
                try await waitUntil("the live post arrives") { story(of: anna).last == "live \(number)" }
                return !story(of: anna).contains("heard \(number)")
            }
        }
    }

    @Test("what comes while an answer is made is brought also to a client that asked before it subscribed anew")
    func askedBefore() async throws {
        try await withNews { node, reads, anna, _ in
            let application = try await node.installation.application()
            let read = reads.holdNext()
            defer { read.goOn() }
            // On its way when the server told of the subscription: what is answered is not to what she has now.
            let id = anna.send("resume", ["@TOA#_news": position(.string("7e57-0"), 5)])
            await read.waitUntilBegun()
            try await node.post("heard", for: node.call(with: application)) { $0.isOnlineOnly = true }
            try await node.post("stored", for: node.call(with: application))
            read.goOn()
            #expect(try await anna.answer(to: id, "resume")["@TOA#_news"]?["reload"] == .bool(true))
            try await node.post("live")
            try await waitUntil("the live post arrives") { story(of: anna).last == "live" }

            let posts = anna.notifications("onRecvNewMessage").compactMap(\.messageText)
            #expect(posts == ["first", "heard", "stored", "live"])
        }
    }

    @Test("who wants none of a channel's messages is brought none, online-only or not", arguments: [true, false])
    func discards(readSeesIt: Bool) async throws {
        try await withNews { node, reads, anna, epoch in
            try await anna.call(
                "setReceiveMessageOpt",
                ["Official_Account": .string("@TOA#_news"), "MsgFlag": .string("Discard")]
            )
            let application = try await node.installation.application()
            let read = reads.holdNext(seesLater: readSeesIt)
            defer { read.goOn() }
            let id = anna.send("resume", ["@TOA#_news": position(epoch, 1)])
            await read.waitUntilBegun()
            try await node.post("heard", for: node.call(with: application)) { $0.isOnlineOnly = true }
            try await node.post("stored", for: node.call(with: application))
            read.goOn()
            _ = try await anna.answer(to: id, "resume")
            try await node.rename(.news, "Renamed")
            _ = try await anna.next("onOfficialAccountInfoChanged")

            #expect(story(of: anna) == ["first", "\([String]())"])
        }
    }

    // MARK: - New subscriptions

    /// With two event loops hers has nobody else in the room.
    @Test(
        "an online-only post right behind a subscription comes, though the event loop hears of both late",
        arguments: [1, 2]
    )
    func behindASubscription(loops: Int) async throws {
        var options = LiveNode.Options()
        (options.comparisonInterval, options.loops) = (.seconds(3600), loops)
        options.reconciliationInterval = .seconds(3600)
        try await StorageEngine.sqlite.withLiveNode(options) { node in
            try await node.createChannel()
            let boris = try await node.enter("boris")
            let anna = try await node.enter("anna")
            try await node.subscribe("boris")
            try await node.post("first")
            _ = try await boris.next("onRecvNewMessage")

            let all = Array(node.loops.makeIterator())
            let gate = DispatchSemaphore(value: 0)
            defer { for _ in all { gate.signal() } }
            for loop in all { loop.execute { gate.wait() } }
            try await node.subscribe("anna")
            try await node.post("heard") { $0.isOnlineOnly = true }
            try await node.post("stored")
            for _ in all { gate.signal() }

            try await waitUntil("the stored post arrives") { story(of: anna).last == "stored" }
            #expect(story(of: anna) == ["heard", "stored"])
            #expect(onlineOnly(anna.notifications("onRecvNewMessage")) == ["heard": true, "stored": false])
        }
    }

    // MARK: - Full answers

    /// Posts more than an answer holds.
    private func postMuch(_ node: LiveNode, _ anna: LiveClient) async throws {
        let text = String(repeating: "x", count: 11_000)
        for _ in 0..<100 { try await node.post(text) }
        try await waitUntil("she has all of it") { anna.notifications("onRecvNewMessage").count == 101 }
    }

    /// Has anna resume from the beginning of it.
    private func resumeMuch(_ anna: LiveClient, _ epoch: JSONValue) async throws -> JSONValue {
        let answer = try #require(try await anna.call("resume", ["@TOA#_news": position(epoch, 0)])["@TOA#_news"])
        #expect(answer["more"] == .bool(true))
        return answer
    }

    @Test("after an answer that was full the channel's posts wait until the client has asked for the rest")
    func waitsForTheRest() async throws {
        try await withNews { node, _, anna, epoch in
            let boris = try await node.login("boris")
            try await node.subscribe("boris")
            _ = try await boris.next("onOfficialAccountSubscribed")
            try await postMuch(node, anna)
            let full = try await resumeMuch(anna, epoch)

            try await node.post("heard") { $0.isOnlineOnly = true }
            try await node.post("stored")
            // Delivered to him, it was delivered on their event loop, and what came to her came before the answer.
            try await waitUntil("boris has them") { story(of: boris).last == "stored" }
            try await anna.call("getOfficialAccountList")
            #expect(story(of: anna).last == "\(texts(full))")

            let rest = try await anna.call("resume", ["@TOA#_news": position(after: full)])["@TOA#_news"]
            #expect(rest?["more"] == nil)
            #expect(texts(full).count + texts(rest).count == 103)
            #expect(texts(rest).suffix(2) == ["heard", "stored"])
            try await node.post("live")
            try await waitUntil("the live post arrives") { story(of: anna).last == "live" }
            #expect(story(of: anna).suffix(3) == ["\(texts(full))", "\(texts(rest))", "live"])
        }
    }

    @Test("a client that does not ask for the rest is told after 10 s that there is one, and the channel goes on")
    func neverAsks() async throws {
        try await withNews { node, _, anna, epoch in
            try await postMuch(node, anna)
            let asked = NIODeadline.now()
            let full = try await resumeMuch(anna, epoch)
            try await node.post("waits")

            let lag = try await anna.next("onLagging")["@TOA#_news"]
            #expect(NIODeadline.now() - asked >= .seconds(10))
            #expect(lag == position(epoch, 102))
            #expect(story(of: anna).last == "\(texts(full))")

            try await node.post("live")
            try await waitUntil("the live post arrives") { story(of: anna).last == "live" }
            let rest = try await anna.call("resume", ["@TOA#_news": position(after: full)])["@TOA#_news"]
            #expect(texts(full).count + texts(rest).count == 103)
            #expect(texts(rest).suffix(2) == ["waits", "live"])
            #expect(anna.notifications("onLagging").count == 1)
        }
    }
}
