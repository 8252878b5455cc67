import ChatProtocol
import Testing

/// The bodies beside the samples of spec/webhooks-official-channels.md section 3, member by member in order.
@Suite struct WebhookBodyTests {
    private let channel: ChannelID
    private let administrator: UserID
    private let owner: UserID
    private let readers: [UserID]

    init() throws {
        channel = try #require(ChannelID(rawValue: "@TOA#_harbour_news"))
        administrator = try #require(UserID(rawValue: "administrator"))
        owner = try #require(UserID(rawValue: "ops_01"))
        readers = try ["reader_01", "reader_02"].map { try #require(UserID(rawValue: $0)) }
    }

    /// Compares names, order and values.
    private func expect(
        _ body: JSONObject,
        is sample: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(JSONValue.object(body).text == (try JSONValue(text: sample).text), sourceLocation: sourceLocation)
    }

    private func elements(_ words: String) -> [JSONValue] {
        [.object(["MsgType": .string("TIMTextElem"), "MsgContent": .object(["Text": .string(words)])])]
    }

    @Test("beforeCreate")
    func beforeCreate() throws {
        try expect(
            WebhookBody.beforeCreate(
                operator: administrator,
                owner: owner,
                name: "Harbour News",
                at: 1_767_225_700_123
            ),
            is: #"""
                {"CallbackCommand":"OfficialAccount.CallbackBeforeCreateOfficialAccount","Operator_Account":"administrator",
                 "Owner_Account":"ops_01","Name":"Harbour News","EventTime":1767225700123}
                """#
        )
    }

    @Test("afterCreate")
    func afterCreate() throws {
        try expect(
            WebhookBody.afterCreate(
                channel: channel,
                operator: administrator,
                owner: owner,
                name: "Harbour News",
                at: 1_767_225_700_180
            ),
            is: #"""
                {"CallbackCommand":"OfficialAccount.CallbackAfterCreateOfficialAccount",
                 "Official_Account":"@TOA#_harbour_news",
                 "Operator_Account":"administrator","Owner_Account":"ops_01","Name":"Harbour News","EventTime":1767225700180}
                """#
        )
    }

    @Test("afterInfoChanged with what is documented for a change of the name")
    func afterInfoChanged() throws {
        try expect(
            WebhookBody.afterInfoChanged(
                channel: channel,
                operator: administrator,
                introduction: nil,
                name: "Harbour Bulletin",
                faceURL: nil,
                organization: nil,
                at: 1_767_226_000_001
            ),
            is: #"""
                {"CallbackCommand":"OfficialAccount.CallbackAfterOfficialAccountInfoChanged",
                 "Official_Account":"@TOA#_harbour_news",
                 "Operator_Account":"administrator","Name":"Harbour Bulletin","EventTime":1767226000001}
                """#
        )
    }

    @Test("afterInfoChanged leaves out what is nil, and keeps what is empty", arguments: 0..<16)
    func afterInfoChangedParts(given: Int) {
        func value(_ bit: Int, _ text: String) -> String? { given >> bit & 1 == 1 ? text : nil }

        let body = WebhookBody.afterInfoChanged(
            channel: channel,
            operator: administrator,
            introduction: value(0, "i"),
            name: value(1, "n"),
            faceURL: value(2, ""),
            organization: value(3, "o"),
            at: 1
        )

        let fields = [("Introduction", "i"), ("Name", "n"), ("FaceUrl", ""), ("Organization", "o")]
        let expected = fields.enumerated().filter { given >> $0.offset & 1 == 1 }.map(\.element)
        let found = body.members.dropFirst(3).dropLast()
        #expect(found.map(\.name) == expected.map(\.0))
        #expect(found.map(\.value) == expected.map { .string($0.1) })
        #expect(body.members.last == .init(name: "EventTime", value: .integer(1)))
    }

    @Test("afterDestroyed")
    func afterDestroyed() throws {
        try expect(
            WebhookBody.afterDestroyed(channel: channel, owner: owner, name: "Harbour Bulletin", at: 1_767_300_000_000),
            is: #"""
                {"CallbackCommand":"OfficialAccount.CallbackAfterOfficialAccountDestroyed",
                 "Official_Account":"@TOA#_harbour_news",
                 "Owner_Account":"ops_01","Name":"Harbour Bulletin","EventTime":1767300000000}
                """#
        )
    }

    @Test("beforeAddSubscriber")
    func beforeAddSubscriber() throws {
        try expect(
            WebhookBody.beforeAddSubscriber(
                channel: channel,
                operator: administrator,
                subscribers: readers,
                at: 1_767_225_800_000
            ),
            is: #"""
                {"CallbackCommand":"OfficialAccount.CallbackBeforeAddSubscriber","Official_Account":"@TOA#_harbour_news",
                 "Operator_Account":"administrator",
                 "SubscribeAccountList":[{"Subscriber_Account":"reader_01"},{"Subscriber_Account":"reader_02"}],
                 "EventTime":1767225800000}
                """#
        )
    }

    @Test("afterAddSubscriber")
    func afterAddSubscriber() throws {
        try expect(
            WebhookBody.afterAddSubscriber(
                channel: channel,
                operator: administrator,
                subscribers: [readers[0]],
                at: 1_767_225_800_050
            ),
            is: #"""
                {"CallbackCommand":"OfficialAccount.CallbackAfterAddSubscriber","Official_Account":"@TOA#_harbour_news",
                 "Operator_Account":"administrator",
                 "SubscribeAccountList":[{"Subscriber_Account":"reader_01"}],"EventTime":1767225800050}
                """#
        )
    }

    @Test("afterFull")
    func afterFull() throws {
        try expect(
            WebhookBody.afterFull(channel: channel, at: 1_767_225_800_060),
            is: #"""
                {"CallbackCommand":"OfficialAccount.CallbackAfterOfficialAccountFull",
                 "Official_Account":"@TOA#_harbour_news","EventTime":1767225800060}
                """#
        )
    }

    @Test("afterDeleteSubscriber")
    func afterDeleteSubscriber() throws {
        try expect(
            WebhookBody.afterDeleteSubscriber(
                channel: channel,
                operator: readers[0],
                subscribers: [readers[0]],
                at: 1_767_260_000_000
            ),
            is: #"""
                {"CallbackCommand":"OfficialAccount.CallbackAfterDeleteSubscriber","Official_Account":"@TOA#_harbour_news",
                 "Operator_Account":"reader_01",
                 "SubscribeAccountList":[{"Subscriber_Account":"reader_01"}],"EventTime":1767260000000}
                """#
        )
    }

    @Test("beforeSend", arguments: [nil, ""])
    func beforeSend(cloudCustomData: String?) throws {
        try expect(
            WebhookBody.beforeSend(
                channel: channel,
                isOnlineOnly: false,
                elements: elements("Ferry 7 is delayed"),
                cloudCustomData: cloudCustomData,
                at: 1_767_229_200_010
            ),
            is: #"""
                {"CallbackCommand":"OfficialAccount.CallbackBeforeSendMsg","Official_Account":"@TOA#_harbour_news",
                 "OnlineOnlyFlag":0,
                 "MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"Ferry 7 is delayed"}}],
                 "CloudCustomData":"","EventTime":1767229200010}
                """#
        )
    }

    @Test("afterSend")
    func afterSend() throws {
        try expect(
            WebhookBody.afterSend(
                channel: channel,
                key: MessageKey(seq: 1, seconds: 1_767_229_200),
                isOnlineOnly: false,
                elements: elements("Ferry 7 is delayed by 20 min"),
                cloudCustomData: #"{"edited":1}"#,
                at: 1_767_229_200_090
            ),
            is: #"""
                {"CallbackCommand":"OfficialAccount.CallbackAfterSendMsg","Official_Account":"@TOA#_harbour_news",
                 "MsgKey":"1_1_1767229200","MsgTime":1767229200,
                 "OnlineOnlyFlag":0,"MsgBody":[{"MsgType":"TIMTextElem","MsgContent":{"Text":"Ferry 7 is delayed by 20 min"}}],
                 "CloudCustomData":"{\"edited\":1}","EventTime":1767229200090}
                """#
        )
    }

    @Test("afterRecall")
    func afterRecall() throws {
        try expect(
            WebhookBody.afterRecall(
                channel: channel,
                keys: [MessageKey(seq: 1, seconds: 1_767_229_200)],
                at: 1_767_229_300_000
            ),
            is: #"""
                {"CallbackCommand":"OfficialAccount.CallbackAfterMsgWithDraw","Official_Account":"@TOA#_harbour_news",
                 "WithdrawMsgList":[{"MsgKey":"1_1_1767229200"}],"EventTime":1767229300000}
                """#
        )
    }

    @Test("an online-only message says so, before and after")
    func onlineOnly() {
        let before = WebhookBody.beforeSend(
            channel: channel,
            isOnlineOnly: true,
            elements: elements("x"),
            cloudCustomData: "c",
            at: 1
        )
        let after = WebhookBody.afterSend(
            channel: channel,
            key: MessageKey(seq: 2, seconds: 3),
            isOnlineOnly: true,
            elements: elements("x"),
            cloudCustomData: nil,
            at: 1
        )

        #expect(before["OnlineOnlyFlag"] == .integer(1))
        #expect(before["CloudCustomData"] == .string("c"))
        #expect(after["OnlineOnlyFlag"] == .integer(1))
        #expect(after["CloudCustomData"] == .string(""))
    }
}

/// The names that stand in settings and query strings.
@Suite struct WebhookWordsTests {
    @Test("the commands are the documented eleven, in their order")
    func commands() {
        let names = [
            "BeforeCreateOfficialAccount", "AfterCreateOfficialAccount", "AfterOfficialAccountInfoChanged",
            "AfterOfficialAccountDestroyed", "BeforeAddSubscriber", "AfterAddSubscriber", "AfterOfficialAccountFull",
            "AfterDeleteSubscriber", "BeforeSendMsg", "AfterSendMsg", "AfterMsgWithDraw",
        ]

        #expect(WebhookCommand.allCases.map(\.rawValue) == names.map { "OfficialAccount.Callback" + $0 })
        #expect(WebhookCommand.allCases.map(\.isBefore) == names.map { $0.hasPrefix("Before") })
    }

    @Test("the platforms are the documented ones")
    func platforms() {
        let names = ["RESTAPI", "Web", "Android", "iOS", "Windows", "macOS", "iPad", "Unknown"]

        #expect(ClientPlatform.allCases.map(\.rawValue) == names)
    }
}
