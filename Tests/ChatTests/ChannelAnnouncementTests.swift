import Chat
import ChatProtocol
import Database
import EventBus
import RostrumTesting
import Testing

/// What nodes hear of a channel's posts, recalls, profile and end (docs/subscriber-protocol.md).
@Suite struct ChannelAnnouncementTests {
    private static let time: Int64 = 1_767_225_600

    @Test("a post is told with its parameters, position and time", arguments: StorageEngine.enabled)
    func sent(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let heard = installation.listen()
            installation.clock.advance(milliseconds: 7)

            _ = try await installation.send(.example("Ferry \"7\""))

            let event = try #require(heard.channelEvents.first)
            let epoch = try await installation.epoch()
            #expect(heard.channelEvents.count == 1)
            #expect(event.reference == (try await installation.reference()))
            #expect(event.position == ChannelPosition(1, 1))
            #expect(event.committedAt == Self.time * 1000 + 7)
            #expect(event.notification?.kind == .message)
            #expect(
                event.parameters == """
                    {"From_Account":"@TOA#_news","Official_Account":"@TOA#_news","Epoch":"\(epoch)","MsgSeq":1,\
                    "EventSeq":1,"MsgKey":"1_1_\(Self.time)","MsgTime":\(Self.time),"OnlineOnlyFlag":0,\
                    "CloudCustomData":"","MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"Ferry \\"7\\""}}]}
                    """
            )
        }
    }

    @Test("an online-only post is told whole, for nothing else will tell of it", arguments: StorageEngine.enabled)
    func onlineOnly(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let heard = installation.listen()

            _ = try await installation.send(.example(cloudCustomData: "{}").with { $0.isOnlineOnly = true })

            let parameters = JSONValue(try #require(heard.channelEvents.first?.parameters))
            #expect(parameters["OnlineOnlyFlag"]?.integer == 1)
            #expect(parameters["CloudCustomData"]?.text == "{}")
            #expect(parameters["MsgBody"]?[0]?["MsgContent"]?["Text"]?.text == "Ferry 7 is delayed")
        }
    }

    @Test("a post that the backend dropped takes its number, and nobody is told", arguments: StorageEngine.enabled)
    func dropped(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            try await installation.setWebhooks([.beforeSend])
            installation.backend.answer("BeforeSendMsg", with: .verdict(2))
            let heard = installation.listen()

            _ = try await installation.send(.example("dropped"))
            _ = try await installation.send(.example("sent"))

            #expect(heard.channelEvents.map(\.position) == [ChannelPosition(1, 1), ChannelPosition(2, 2)])
            #expect(heard.channelEvents.map(\.notification?.kind) == [nil, .message])
        }
    }

    @Test("what a webhook put in place of a post's content is what is told", arguments: StorageEngine.enabled)
    func replaced(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            try await installation.setWebhooks([.beforeSend])
            let body = #","MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"other"}}]"#
            installation.backend.answer("BeforeSendMsg", with: .verdict(0, more: body))
            let heard = installation.listen()

            _ = try await installation.send(.example("one"))

            let parameters = JSONValue(try #require(heard.channelEvents.first?.parameters))
            #expect(parameters["MsgBody"]?[0]?["MsgContent"]?["Text"]?.text == "other")
        }
    }

    @Test("each recall is told under its own number, those refused are not", arguments: StorageEngine.enabled)
    func recalled(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let keys = try await installation.sendMany(3).map(\.rawValue)
            let heard = installation.listen()

            _ = try await installation.recall(keys[2], "9_1_9", keys[0], keys[2], reason: "wrong \u{2028}")
            _ = try await installation.recall(keys[1])

            let epoch = try await installation.epoch()
            func revoked(_ seq: Int64, _ eventSeq: Int64, _ reason: String) -> String {
                #"{"Official_Account":"@TOA#_news","Epoch":"\#(epoch)","EventSeq":\#(eventSeq),"MsgSeq":\#(seq),"#
                    + #""MsgKey":"\#(seq)_1_\#(Self.time)","Reason":"\#(reason)"}"#
            }
            #expect(
                heard.channelEvents.map(\.parameters) == [
                    revoked(3, 4, "wrong \u{2028}"), revoked(1, 5, "wrong \u{2028}"), revoked(2, 6, ""),
                ]
            )
            #expect(heard.channelEvents.map(\.position) == (4...6).map { ChannelPosition(3, $0) })
            #expect(heard.channelEvents.allSatisfy { $0.notification?.kind == .revoked })
        }
    }

    @Test("a changed profile is told as it is then", arguments: StorageEngine.enabled)
    func modified(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.send(.example())
            _ = try await installation.subscribe("anna")
            let heard = installation.listen()

            try await installation.channels.modify(.news, .example(name: "Bulletin"), for: installation.call())

            let epoch = try await installation.epoch()
            #expect(
                heard.channelEvents.map(\.parameters) == [
                    #"{"Official_Account":"@TOA#_news","ErrorCode":0,"ErrorInfo":"","CreateTime":\#(Self.time),"#
                        + #""Name":"Bulletin","Owner_Account":"administrator","LastMsgTime":\#(Self.time),"#
                        + #""SubscriberNum":1,"Introduction":"Tides and ferries","#
                        + #""FaceUrl":"https://img.example.net/h.png","Organization":"Port of Example","#
                        + #""CustomString":"{\"lang\":\"en\"}","Epoch":"\#(epoch)","HeadMsgSeq":1,"HeadEventSeq":2,"#
                        + #""EventSeq":2}"#
                ]
            )
            #expect(heard.channelEvents.map(\.position) == [ChannelPosition(1, 2)])
            #expect(heard.channelEvents.map(\.notification?.kind) == [.infoChanged])
        }
    }

    @Test(
        "a destroyed channel is told under the number after its last, in its own epoch",
        arguments: StorageEngine.enabled
    )
    func destroyed(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.send(.example())
            let (epoch, reference) = (try await installation.epoch(), try await installation.reference())
            let heard = installation.listen()

            try await installation.recreateChannel()
            _ = try await installation.send(.example("of the new one"))

            let (gone, next) = (try #require(heard.channelEvents.first), try #require(heard.channelEvents.last))
            #expect(heard.channelEvents.count == 2, "nobody subscribes to a channel that is new")
            #expect(gone.parameters == #"{"Official_Account":"@TOA#_news","Epoch":"\#(epoch)","EventSeq":2}"#)
            #expect(gone.notification?.kind == .deleted)
            #expect(gone.reference == reference && gone.position == ChannelPosition(1, 2))
            #expect(next.reference != reference && next.position == ChannelPosition(1, 1))
        }
    }

    @Test("what is refused, empty or only repeated tells nothing", arguments: StorageEngine.enabled)
    func nothingHappened(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let key = try await installation.send(.example())
            _ = try await installation.recall(key.rawValue)
            let none = ChannelID("@TOA#_none")
            let sending = try await installation.call(idempotencyKey: .example("send"))
            let destroying = try await installation.call(idempotencyKey: .example("destroy"))
            _ = try await installation.broadcasts.send(.example("keyed"), for: sending)
            _ = try await installation.createChannel(.example(id: ChannelID("@TOA#_other")))
            try await installation.channels.destroy(ChannelID("@TOA#_other"), for: destroying)
            let heard = installation.listen()

            _ = try await installation.send(.example())
            _ = try await installation.broadcasts.send(.example("keyed"), for: sending)
            try await installation.channels.destroy(ChannelID("@TOA#_other"), for: destroying)
            _ = try await installation.recall(key.rawValue, "x")
            try await installation.channels.modify(.news, ChannelChange(), for: installation.call())
            try await installation.setLimits([.broadcastsPerSecond: 1])
            let refusals = [
                await refusal { try await installation.send(.example("too many")) },
                await refusal { try await installation.send(.example(to: none)) },
                await refusal { try await installation.recall("1_1_1", in: none) },
                await refusal {
                    try await installation.channels.modify(none, .example(name: "N"), for: installation.call())
                },
                await refusal { try await installation.channels.destroy(none, for: installation.call()) },
            ]

            #expect(refusals.map { $0?.code.rawValue } == [10023, 130004, 10010, 130004, 130004])
            #expect(heard.channelEvents == [])
        }
    }

    @Test("many at once are told in the order of their numbers, without a gap", arguments: StorageEngine.enabled)
    func commitOrder(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let heard = installation.listen()
            let call = try await installation.call()
            let channels = installation.channels

            try await withThrowingTaskGroup { group in
                for number in 1...40 {
                    group.addTask { _ = try await installation.send(.example("m\(number)")) }
                    group.addTask {
                        var change = ChannelChange()
                        change.name = "Name \(number)"
                        let own = Call(
                            application: call.application,
                            caller: call.caller,
                            address: call.address,
                            requestID: "modify \(number)",
                            time: call.time
                        )
                        try await channels.modify(.news, change, for: own)
                    }
                }
                try await group.waitForAll()
            }

            #expect(heard.channelEvents.map(\.position.eventSeq) == Array(1...80))
            let numbers = heard.channelEvents.map(\.position.messageSeq)
            #expect(numbers == numbers.sorted() && numbers.last == 40)
            for event in heard.channelEvents {
                #expect(JSONValue(event.parameters ?? "null")["EventSeq"]?.integer == event.position.eventSeq)
            }
        }
    }

    @Test("what cannot be stored is not told", arguments: StorageEngine.enabled)
    func storageFails(engine: StorageEngine) async throws {
        try await engine.withDatabase { database in
            let faulty = FaultyDatabase(database)
            let installation = TestInstallation(database: faulty)
            _ = try await installation.applications.create(.example(), by: installation.operation())
            try await installation.prepareChannel()
            let call = try await installation.call()
            let heard = installation.listen()

            faulty.fail(with: DatabaseError(.full, "full"))
            let error = await refusal { try await installation.broadcasts.send(.example(), for: call) }

            #expect(error?.storageFault == .full)
            #expect(heard.events == [])
        }
    }
}
