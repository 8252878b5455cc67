import ChatProtocol
import NIOHTTP1
import RostrumClient
import RostrumTesting
import Synchronization
import Testing

/// A call of a session, what it must send, an answer, and whether the session reads it rightly.
struct SessionCallCase: Sendable, CustomTestStringConvertible {
    let method: String
    /// With members in the order of their names.
    let params: String
    let result: String
    let isRight: @Sendable (SubscriberSession) async throws -> Bool

    var testDescription: String { method }
}

@Suite("The calls of a session", .timeLimit(.minutes(5)))
struct SessionCallTests {
    private static let item = Wire.item(
        Wire.news,
        at(7),
        more: #","SelfInfo":{"SubscribeTime":5,"CustomString":"C","MsgFlag":"AcceptNotNotify"}"#
    )
    private static let missing = #"{"Official_Account":"@TOA#_x","ErrorCode":130004,"ErrorInfo":"None."}"#
    private static let named = #"{"Official_Account":"@TOA#_news"}"#

    static let cases: [SessionCallCase] = [
        SessionCallCase(method: "subscribeOfficialAccount", params: named, result: item) { session in
            let channel = try await session.subscribe(to: Wire.news)
            return channel.info.id == Wire.news && channel.head == at(7)
                && channel.subscription?.messageFlag == .acceptNotNotify
        },
        SessionCallCase(method: "unsubscribeOfficialAccount", params: named, result: "{}") { session in
            try await session.unsubscribe(from: Wire.news)
            return true
        },
        SessionCallCase(
            method: "getOfficialAccountsInfo",
            params: #"{"OfficialAccountIdList":[{"Official_Account":"@TOA#_news"},{"Official_Account":"@TOA#_x"}]}"#,
            result: #"{"OfficialAccountInfoList":[\#(item),\#(missing)]}"#
        ) { session in
            let channels = try await session.channels([Wire.news, "@TOA#_x"])
            return channels.count == 2 && channels[0].found?.subscription?.customString == "C"
                && channels[1] == .refused(channel: "@TOA#_x", Refusal(code: .channelNotFound, info: "None."))
        },
        SessionCallCase(
            method: "getOfficialAccountsInfo",
            params: Wire.listRequest(from: 0),
            result: #"{"OfficialAccountInfoList":[\#(item)]}"#
        ) { session in
            try await session.subscribedChannels().map(\.info.id) == [Wire.news]
        },
        SessionCallCase(
            method: "getOfficialAccountList",
            params: #"{"Limit":5,"Offset":10}"#,
            result: #"{"OfficialAccountInfoList":[\#(item)],"TotalCount":20,"CompleteFlag":0,"Next":15}"#
        ) { session in
            let page = try await session.allChannels(limit: 5, offset: 10)
            return page.channels.map(\.info.id) == [Wire.news] && page.totalCount == 20 && page.nextOffset == 15
                && !page.isLast
        },
        SessionCallCase(
            method: "getOfficialAccountList",
            params: #"{"After":"@TOA#_m","Limit":5}"#,
            result: #"{"OfficialAccountInfoList":[\#(item)],"TotalCount":20,"CompleteFlag":0}"#
        ) { session in
            let page = try await session.allChannels(limit: 5, after: "@TOA#_m")
            return page.channels.map(\.info.id) == [Wire.news] && page.nextOffset == nil && !page.isLast
        },
        SessionCallCase(
            method: "setReceiveMessageOpt",
            params: #"{"MsgFlag":"Discard","Official_Account":"@TOA#_news"}"#,
            result: "{}"
        ) { session in
            try await session.setMessageFlag(.discard, of: Wire.news)
            return true
        },
        SessionCallCase(
            method: "getHistoryMessageList",
            params: #"{"LastMsgKey":"9_1_9","Official_Account":"@TOA#_news","ReqMsgNumber":3,"WithRecalledMsg":0}"#,
            result: #"{"Official_Account":"@TOA#_news","IsFinished":0,"LastMsgKey":"8_1_9","RspMsgList":["#
                + #"{"From_Account":"@TOA#_news","IsPlaceMsg":0,"MsgSeq":8,"MsgKey":"8_1_9","MsgTimeStamp":9,"#
                + #""MsgRandom":1,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"m8"}}]}]}"#
        ) { session in
            let page = try await session.history(of: Wire.news, count: 3, before: "9_1_9")
            return page.messages.map(\.seq) == [8] && page.completion == .moreToCome && page.oldestKey == "8_1_9"
        },
        SessionCallCase(
            method: "markMessageAsRead",
            params: #"{"MsgSeq":8,"Official_Account":"@TOA#_news"}"#,
            result: "{}"
        ) { session in
            try await session.markAsRead(upTo: 8, in: Wire.news)
            return true
        },
        SessionCallCase(method: "getUnreadMessageCount", params: named, result: #"{"UnreadMsgNum":3}"#) { session in
            try await session.unreadCount(of: Wire.news) == 3
        },
    ]

    @Test("send what the protocol asks for, and read what it promises", arguments: cases)
    func exchange(example: SessionCallCase) async throws {
        let requests = Kept<String>()
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            let request = try await peer.request()
            requests.add(request.method + " " + request.params)
            peer.answer(request, example.result)
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                let isRight = try await example.isRight(session)
                #expect(isRight)
            }
        }
        #expect(requests.all == ["\(example.method) \(example.params)"])
    }

    @Test("that are refused have the code of the server API")
    func refusedCall() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            peer.refuse(try await peer.request(), 130_005)
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                let refusal = await refused { try await session.subscribe(to: Wire.news) }
                #expect(refusal == Refusal(code: ErrorCode(rawValue: 130_005), info: "No."))
            }
        }
    }

    @Test("are answered each with its own answer, in whatever order")
    func manyCalls() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            var requests: [Peer.Request] = []
            while requests.count < 20 { requests.append(try await peer.request()) }
            for request in requests.reversed() {
                let channel = JSONValue(request.params)["Official_Account"]?.text ?? ""
                peer.answer(request, #"{"UnreadMsgNum":\#(channel.dropFirst("@TOA#_".count))}"#)
            }
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                try await withThrowingTaskGroup(of: Bool.self) { group in
                    for number in Int64(0)..<20 {
                        group.addTask { try await session.unreadCount(of: "@TOA#_\(number)") == number }
                    }
                    for try await isOwn in group { #expect(isOwn) }
                }
            }
        }
    }

    @Test("read the user's channels page by page")
    func pages() async throws {
        let offsets = Kept<String>()
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            for next in [200, 400, 0] {
                let request = try await peer.request()
                offsets.add(request.params)
                let item = Wire.item("@TOA#_\(next)", at(1))
                peer.answer(request, #"{"OfficialAccountInfoList":[\#(item)],"TotalCount":401,"Next":\#(next)}"#)
            }
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                let channels = try await session.subscribedChannels().map(\.info.id)
                #expect(channels == ["@TOA#_200", "@TOA#_400", "@TOA#_0"])
            }
        }
        #expect(offsets.all == [0, 200, 400].map(Wire.listRequest))
    }

    @Test("are sent no faster than the server allows")
    func pace() async throws {
        let sent = Counter()
        let count = Mutex(0)
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            while true {
                let request = try await peer.request()
                let number = sent.next()
                count.withLock { $0 = number }
                peer.answer(request, #"{"UnreadMsgNum":3}"#)
            }
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                try await withThrowingTaskGroup(of: Int64.self) { group in
                    for _ in 0..<200 { group.addTask { try await session.unreadCount(of: Wire.news) } }
                    let clock = gateway.machine.clock
                    // The session's own first question counts as well.
                    for left in [200 - 149, 200 - 149 - 40] {
                        // A timer for each that waits, the pause of the first of them, and the watch.
                        try await waitUntil("\(left) calls wait", within: .seconds(20)) {
                            count.withLock { $0 } == 200 - left && clock.sleepers == left + 2
                        }
                        clock.advance(by: .seconds(1))
                    }
                    for try await unread in group { #expect(unread == 3) }
                }
            }
        }
        #expect(sent.next() == 201)
    }

    @Test("that are longer than the protocol allows are not sent")
    func tooLong() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            while true {
                let request = try await peer.request()
                peer.answer(request, #"{"UnreadMsgNum":\#(request.params.utf8.count)}"#)
            }
        }
        // {"Official_Account":"…"} with what a request has around it.
        let channel = String(repeating: "x", count: 65_536 - 90)
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                await #expect {
                    try await session.unreadCount(of: channel + "x")
                } throws: { error in
                    guard case .requestTooLong(let bytes)? = error as? RostrumError else { return false }
                    return bytes == 65_537
                }
                let length = try await session.unreadCount(of: channel)
                #expect(length == channel.utf8.count + 23)
            }
        }
    }

    @Test("whose connection is lost have no answer, and the next one waits for another connection")
    func lostCall() async throws {
        let script: ScriptedGateway.Script = { peer, number in
            try await peer.welcome()
            let request = try await peer.request()
            if number == 0 {
                try await peer.drop()
            } else {
                peer.answer(request, #"{"UnreadMsgNum":3}"#)
                try await peer.untilLeft()
            }
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                await #expect {
                    try await session.unreadCount(of: Wire.news)
                } throws: { error in
                    guard case .noAnswer? = error as? RostrumError else { return false }
                    return true
                }
                let unread = try await session.unreadCount(of: Wire.news)
                #expect(unread == 3)
            }
        }
    }

    @Test("that are not answered in time have no answer")
    func timeout() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.welcome()
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                await withTaskGroup(of: Bool.self) { group in
                    group.addTask {
                        do throws(RostrumError) {
                            _ = try await session.unreadCount(of: Wire.news)
                            return false
                        } catch {
                            guard case .noAnswer(let reason) = error else { return false }
                            return reason.hasPrefix("no answer within")
                        }
                    }
                    let clock = gateway.machine.clock
                    try? await waitUntil("the watch and the call's timer sleep") { clock.sleepers == 2 }
                    clock.advance(by: .seconds(10))
                    #expect(await group.next() == true)
                }
            }
        }
    }

    @Test("that find no connection in time are told why there is none")
    func noConnection() async throws {
        try await ScriptedGateway.with({ _, _ in }, status: .badGateway) { gateway in
            try await gateway.connect { session in
                var events = session.events.makeAsyncIterator()
                guard case .connection(.disconnected)? = try await events.next() else {
                    Issue.record("no disconnection")
                    return
                }
                await withTaskGroup(of: Bool.self) { group in
                    group.addTask {
                        do throws(RostrumError) {
                            _ = try await session.unreadCount(of: Wire.news)
                            return false
                        } catch {
                            guard case .noAnswer(let reason) = error else { return false }
                            return reason.hasPrefix("no connection") && reason.hasSuffix("HTTP status 502")
                        }
                    }
                    let clock = gateway.machine.clock
                    try? await waitUntil("the call's timer sleeps") { clock.sleepers == 1 }
                    clock.advance(by: .seconds(10))
                    #expect(await group.next() == true)
                }
            }
        }
    }

    @Test("that are cancelled end at once, with and without a connection")
    func cancelled() async throws {
        let script: ScriptedGateway.Script = { peer, _ in
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                await withTaskGroup(of: Bool.self) { group in
                    group.addTask {
                        do throws(RostrumError) {
                            _ = try await session.unreadCount(of: Wire.news)
                            return false
                        } catch {
                            guard case .cancelled = error else { return false }
                            return true
                        }
                    }
                    group.cancelAll()
                    #expect(await group.next() == true)
                }
            }
        }
    }
}
