import Chat
import ChatProtocol
import Database
import Dispatch
import EventBus
import Gateway
import MetricsTestKit
import NIOCore
import NIOPosix
import RostrumTesting
import Testing

/// A failover to a storage that has lost the last commits: what was told before holds for nobody after it.
@Suite(.timeLimit(.minutes(5))) struct StorageChangeTests {
    private let history = History(lineage: 1)

    /// Nothing is found out by looking from time to time.
    private var options: LiveNode.Options {
        var options = LiveNode.Options()
        options.comparisonInterval = .seconds(3600)
        return options
    }

    private func storage(_ database: any Database) -> HistoricDatabase { HistoricDatabase(database, history) }

    /// Takes the channel's last post back, as a replica has never seen it.
    private func lose(_ database: any Database) async throws {
        try await database.write { tx throws(ChatError) in
            try tx.execute("DELETE FROM broadcasts WHERE seq = 2")
            try tx.execute("UPDATE channels SET head_seq = 1, event_seq = 1, stored_broadcasts = 1")
        }
    }

    @Test("every session ends at once, reloads when it has come again, and gets what takes the lost numbers")
    func lostPost() async throws {
        try await StorageEngine.sqlite.withLiveNode(over: storage, options) { node, _ in
            try await node.createChannel()
            let anna = try await node.login("anna")
            try await node.subscribe("anna")
            let epoch = try await anna.next("onOfficialAccountSubscribed")["Epoch"]?.text ?? ""
            for text in ["kept", "lost"] { try await node.post(text) }
            for _ in 1...2 { _ = try await anna.next("onRecvNewMessage") }

            try await lose(node.systems.database)
            history.becomes(2)

            #expect(try await anna.end(within: .seconds(5)).code == 1001)
            let again = try await node.login("anna")
            let position: JSONObject = ["Epoch": .string(epoch), "MsgSeq": .integer(2), "EventSeq": .integer(2)]
            let answer = try await again.call("resume", ["@TOA#_news": .object(position)])["@TOA#_news"]
            #expect(answer?["reload"] == .bool(true))
            #expect(answer?["MsgSeq"]?.integer == 1)
            #expect(answer?["Epoch"]?.text != epoch)
            try await node.post("instead")
            let post = try await again.next("onRecvNewMessage", within: .seconds(5))
            #expect(post.messageText == "instead")
            #expect(post.number("EventSeq") == 2)
            #expect(post["Epoch"] == answer?["Epoch"])
        }
    }

    @Test("a session that was let in before and opens afterwards does not begin with what is no longer so")
    func loginBefore() async throws {
        try await StorageEngine.sqlite.withLiveNode(over: storage, options) { node, _ in
            try await node.createChannel()
            try await node.login("anna").close()
            try await node.subscribe("anna")
            for text in ["kept", "lost"] { try await node.post(text) }
            node.interlude.set {
                try await lose(node.systems.database)
                history.becomes(2)
            }

            let early = try await node.login("anna")
            #expect(try await early.end(within: .seconds(5)).code == 1001)
            let late = try await node.login("anna")
            try await node.post("instead")
            #expect(try await late.next("onRecvNewMessage", within: .seconds(5)).number("EventSeq") == 2)
            try await waitUntil("she is alone") { node.gateway.census.sessions == 1 }
            #expect(node.gateway.census.rooms == 1)
        }
    }

    @Test("what is heard of another history than the storage's own is passed over: of an earlier one, and of a later")
    func otherHistories() async throws {
        try await StorageEngine.sqlite.withLiveNode(over: { HeldReads(storage($0)) }, options) { node, reads in
            history.becomes(2)
            try await node.createChannel()
            let anna = try await node.login("anna")
            try await node.subscribe("anna")
            let followed = try await node.systems.timeline.followed(by: UserID("anna"), of: .example)
            let reference = try #require(followed?.first?.reference)
            // The room has begun.
            try await node.post("one")
            _ = try await anna.next("onRecvNewMessage")

            // Had a room believed that it is missing something, it would not go on.
            reads.holdAll()
            defer { reads.goOn() }
            for lineage in [1, 3] as [Int64] {
                node.systems.bus.publish(.channel(post("of another", at: 2, in: reference, lineage)))
                let beyond = ChannelPosition(messageSeq: 9, eventSeq: 9)
                node.systems.bus.publish(.channelMoved(reference, beyond, lineage: lineage))
                let end = SubscriptionEvent(reference, [UserID("anna")], .unsubscribed, version: 9, lineage: lineage)
                node.systems.bus.publish(.subscriptions(end))
            }
            node.systems.bus.publish(.channel(post("of this", at: 2, in: reference, 2)))
            node.systems.bus.publish(.channel(post("of none", at: 3, in: reference, 0)))

            #expect(try await anna.next("onRecvNewMessage").messageText == "of this")
            #expect(try await anna.next("onRecvNewMessage").messageText == "of none")
            #expect(anna.notifications("onOfficialAccountUnsubscribed").isEmpty)
        }
    }

    /// What ends a session, for anna.
    private enum Ending: CaseIterable {
        case kick, deletion, emptying

        func event(_ lineage: Int64) -> Event {
            switch self {
            case .kick: .accountKicked(.example, UserID("anna"), lineage: lineage)
            case .deletion: .accountsDeleted(.example, [UserID("anna")], lineage: lineage)
            case .emptying: .applicationEmptied(.example, lineage: lineage)
            }
        }

        var code: UInt16? { self == .kick ? 4401 : 4403 }
    }

    @Test(
        "a kick or a deletion of another history ends no session; of this one, or of one that is not said, it does",
        arguments: Ending.allCases,
        [0, 2] as [Int64]
    )
    private func endings(ending: Ending, lineage: Int64) async throws {
        try await StorageEngine.sqlite.withLiveNode(over: storage, options) { node, _ in
            history.becomes(2)
            try await node.createChannel()
            let anna = try await node.login("anna")
            try await node.subscribe("anna")

            for other in [1, 3] as [Int64] { node.systems.bus.publish(ending.event(other)) }
            // Her event loop comes to it after whatever it was told before.
            try await node.post("after")
            #expect(try await anna.next("onRecvNewMessage").messageText == "after")
            #expect(anna.ending == nil)
            #expect(node.gateway.census.sessions == 1)

            node.systems.bus.publish(ending.event(lineage))
            #expect(try await anna.end(within: .seconds(5)).code == ending.code)
        }
    }

    @Test("who is being ended by a word of the history that ends is ended as everybody is", arguments: Ending.allCases)
    private func endingMeanwhile(ending: Ending) async throws {
        var options = options
        options.loops = 1
        try await StorageEngine.sqlite.withLiveNode(over: storage, options) { node, _ in
            let anna = try await node.enter("anna")
            let loop = DispatchSemaphore(value: 0)
            defer { loop.signal() }
            node.loops.next().execute { loop.wait() }
            node.systems.bus.publish(ending.event(1))
            history.becomes(2)
            loop.signal()

            #expect(try await anna.end(within: .seconds(5)).code == 1001)
            #expect(anna.notifications("onKickedOffline").isEmpty)
        }
    }

    private func post(
        _ text: String,
        at number: Int64,
        in reference: ChannelReference,
        _ lineage: Int64
    ) -> TimelineEvent {
        let element = #"{"MsgType":"TIMTextElem","MsgContent":{"Text":"\#(text)"}}"#
        return TimelineEvent(
            reference,
            ChannelPosition(messageSeq: number, eventSeq: number),
            ChannelNotification(.message, Array(#"{"MsgSeq":\#(number),"MsgBody":[\#(element)]}"#.utf8)),
            committedAt: 0,
            lineage: lineage
        )
    }

    @Test("while the storage is changing over, a late word of the history that ends is nothing to who comes meanwhile")
    func changingOver() async throws {
        try await StorageEngine.sqlite.withLiveNode(over: storage, options) { node, _ in
            try await node.createChannel()
            try await node.login("anna").close()
            try await node.subscribe("anna")
            let followed = try await node.systems.timeline.followed(by: UserID("anna"), of: .example)
            let reference = try #require(followed?.first?.reference)
            history.announce(2)
            node.interlude.set {
                // Numbers that the new history comes to only later.
                let beginning = ChannelPosition(messageSeq: 50, eventSeq: 50)
                let parameters = Array(#"{"Official_Account":"@TOA#_news"}"#.utf8)
                let change = SubscriptionEvent.Change.subscribed(beginning, parameters: parameters)
                let event = SubscriptionEvent(reference, [UserID("anna")], change, version: 99, lineage: 1)
                node.systems.bus.publish(.subscriptions(event))
                history.settle(on: 2)
            }

            let anna = try await node.login("anna")
            try await node.post("of the new history")

            let post = try await anna.next("onRecvNewMessage", within: .seconds(5))
            #expect(post.messageText == "of the new history")
            #expect(anna.notifications("onOfficialAccountSubscribed").isEmpty)
        }
    }

    @Test(
        "what was read in a history that ended meanwhile is no answer any more",
        arguments: ["resume", "getOfficialAccountsInfo"]
    )
    func answers(method: String) async throws {
        let metrics = TestMetrics()
        var options = options
        (options.loops, options.metrics, options.reconciliationInterval) = (1, metrics, .seconds(3600))
        try await StorageEngine.sqlite.withLiveNode(over: { HeldReads(storage($0)) }, options) { node, reads in
            try await node.createChannel()
            let anna = try await node.login("anna")
            try await node.subscribe("anna")
            let epoch = try await anna.next("onOfficialAccountSubscribed")["Epoch"] ?? .null
            let position: JSONObject = ["Epoch": epoch, "MsgSeq": .integer(0), "EventSeq": .integer(0)]
            let wanted: JSONObject =
                method == "resume" ? ["@TOA#_news": .object(position)] : ["OfficialAccountIdList": .array([])]
            try await node.post("first")
            _ = try await anna.next("onRecvNewMessage")
            let read = reads.holdNext()
            defer { read.goOn() }
            let request = anna.send(method, wanted)
            await read.waitUntilBegun()

            // Her event loop comes to the answer before it comes to the end of her session.
            let loop = DispatchSemaphore(value: 0)
            defer { loop.signal() }
            node.loops.next().execute { loop.wait() }
            history.becomes(2)
            read.goOn()
            try await waitUntil("the answer is made") {
                metrics.totalValue("rostrum_session_requests", [("method", method), ("code", "0")]) == 1
            }
            try await Task.sleep(for: .milliseconds(100))
            loop.signal()

            #expect(try await anna.end(within: .seconds(5)).code == 1001)
            let isAnswered = anna.arrivals.contains { if case .answer(request, _) = $0 { true } else { false } }
            #expect(!isAnswered)
        }
    }

    @Test("who is not known to the history that follows is ended as everybody is, and comes again")
    func forgotten() async throws {
        var options = options
        (options.loops, options.reconciliationInterval) = (1, .seconds(6))
        try await StorageEngine.sqlite.withLiveNode(over: { HeldReads(storage($0)) }, options) { node, reads in
            let anna = try await node.enter("anna")
            // She is being compared with the storage when it changes.
            let read = reads.holdNext(seesLater: true)
            defer { read.goOn() }
            await read.waitUntilBegun()
            let loop = DispatchSemaphore(value: 0)
            defer { loop.signal() }
            node.loops.next().execute { loop.wait() }
            _ = try await node.systems.database.write { tx throws(ChatError) in
                try tx.execute("DELETE FROM accounts WHERE id = 'anna'")
            }
            history.becomes(2)
            read.goOn()
            try await Task.sleep(for: .milliseconds(200))
            loop.signal()

            #expect(try await anna.end(within: .seconds(5)).code == 1001)
            _ = try await node.enter("anna")
        }
    }

    @Test("a node that hears of another history looks at its storage, and finds it out before anybody needs it")
    func heard() async throws {
        try await StorageEngine.sqlite.withLiveNode(over: { HeldReads(storage($0)) }, options) { node, reads in
            try await node.createChannel()
            let anna = try await node.enter("anna")
            reads.holdAll()
            defer { reads.goOn() }

            node.systems.bus.publish(.storageChanged(lineage: 2))

            try await waitUntil("the node looks at its storage") { reads.waitingCount > 0 }
            #expect(anna.ending == nil)
            history.becomes(2)
            #expect(try await anna.end(within: .seconds(5)).code == 1001)
        }
    }
}
