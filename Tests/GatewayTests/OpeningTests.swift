import Chat
import ChatProtocol
import Gateway
import RostrumTesting
import Testing

/// What happens between a login and the opening of its session.
@Suite(.timeLimit(.minutes(5))) struct OpeningTests {
    /// A node where boris follows the news, and where the next read is the one of what anna follows.
    private func withNode(
        _ body: (_ node: LiveNode, _ reads: HeldReads, _ call: () -> Call) async throws -> Void
    ) async throws {
        var options = LiveNode.Options()
        options.comparisonInterval = .seconds(3600)
        options.reconciliationInterval = .seconds(3600)
        try await StorageEngine.sqlite.withLiveNode(over: HeldReads.init, options) { node, reads in
            try await node.createChannel()
            try await node.login("anna").close()
            let boris = try await node.login("boris")
            try await boris.call("subscribeOfficialAccount", ["Official_Account": .string("@TOA#_news")])
            // His room has read what it needs, and anna has gone.
            try await node.post("to warm up")
            _ = try await boris.next("onRecvNewMessage")
            try await waitUntil("anna has gone") { node.gateway.census.sessions == 1 }
            // Read before any read is held.
            let application = try await node.installation.application()
            try await body(node, reads) { node.call(with: application) }
        }
    }

    @Test("posts after what the login read, and before the session opens, are brought")
    func postsMeanwhile() async throws {
        try await withNode { node, reads, call in
            _ = try await node.systems.subscribers.add(["anna"], to: .news, for: call())
            let read = reads.holdNext()
            async let login = node.login("anna")
            defer { read.goOn() }
            await read.waitUntilBegun()
            try await node.post("first", for: call())
            try await node.post("second", for: call())
            read.goOn()

            let anna = try await login
            #expect(try await anna.next("onRecvNewMessage").number("MsgSeq") == 2)
            #expect(try await anna.next("onRecvNewMessage").number("MsgSeq") == 3)
            try await node.post("the last", for: call())
            #expect(try await anna.next("onRecvNewMessage").number("MsgSeq") == 4)
        }
    }

    @Test("who subscribes while his session opens gets everything from there", arguments: [true, false])
    func subscribesMeanwhile(readSeesIt: Bool) async throws {
        try await withNode { node, reads, call in
            let read = reads.holdNext(seesLater: readSeesIt)
            async let login = node.login("anna")
            defer { read.goOn() }
            await read.waitUntilBegun()
            _ = try await node.systems.subscribers.add(["anna"], to: .news, for: call())
            try await node.post("first", for: call())
            try await node.post("second", for: call())
            read.goOn()

            let anna = try await login
            #expect(try await anna.next("onOfficialAccountSubscribed").number("HeadEventSeq") == 1)
            for seq in 2...3 as ClosedRange<Int64> {
                #expect(try await anna.next("onRecvNewMessage").number("MsgSeq") == seq)
            }
            #expect(anna.notifications.first?.method == "onOfficialAccountSubscribed")
        }
    }

    @Test("who unsubscribes while his session opens gets nothing more")
    func unsubscribesMeanwhile() async throws {
        try await withNode { node, reads, call in
            _ = try await node.systems.subscribers.add(["anna"], to: .news, for: call())
            let read = reads.holdNext()
            async let login = node.login("anna")
            defer { read.goOn() }
            await read.waitUntilBegun()
            _ = try await node.systems.subscribers.remove(["anna"], from: .news, for: call())
            read.goOn()

            let anna = try await login
            _ = try await anna.next("onOfficialAccountUnsubscribed")
            try await node.post("unheard", for: call())
            try await anna.call("getOfficialAccountList")
            #expect(anna.notifications("onRecvNewMessage").isEmpty)
        }
    }

    @Test("a login that is not done when the server stops is HTTP 503, or 1013 to who offers the subprotocol")
    func stopsMeanwhile() async throws {
        for offers in [true, false] {
            try await withNode { node, reads, _ in
                var manners = LiveClient.Manners()
                if offers { manners.headers = [("Sec-WebSocket-Protocol", "rostrum.v1")] }
                let read = reads.holdNext()
                async let login = node.login("anna", manners)
                defer { read.goOn() }
                await read.waitUntilBegun()
                node.quiesce()

                let envelope: JSONValue
                do {
                    let ending = try await login.end()
                    #expect(offers)
                    #expect(ending.code == 1013)
                    envelope = try JSONValue(parsing: Array(ending.reason.utf8))
                } catch let refused as RawWebSocket.Refused {
                    #expect(!offers)
                    #expect(refused.reply.status == 503)
                    envelope = try JSONValue(parsing: Array(refused.reply.body))
                }
                #expect(envelope["ErrorCode"]?.integer == Int64(ErrorCode.requestTimedOut.rawValue))
            }
        }
    }

    @Test("who is kicked while his session opens does not come in, and leaves nothing behind")
    func kickedMeanwhile() async throws {
        try await withNode { node, reads, call in
            let read = reads.holdNext()
            async let login = node.login("anna")
            defer { read.goOn() }
            await read.waitUntilBegun()
            try await node.systems.accounts.kick(UserID("anna"), for: call())
            try await waitUntil("the session is ended") { node.gateway.census.sessions == 1 }
            read.goOn()

            #expect(try await login.end().code == 4401)
            #expect(node.gateway.census == Gateway.Census(sessions: 1, rooms: 1, addresses: 1))
        }
    }
}
