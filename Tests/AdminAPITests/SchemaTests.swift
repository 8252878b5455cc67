import AdminAPI
import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// The schemas of the OpenAPI document against what the server takes and answers.
@Suite struct SchemaTests {
    // MARK: Replies

    @Test("every golden reply is what its card declares, and nothing in it is undeclared")
    func goldenReplies() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            for (command, body, _) in GoldenReplyTests.replies {
                let card = try #require(api.card(command))
                let reply = try await api.call(command, body)
                let faults = SchemaChecker.strict.faults(
                    in: .object(reply.object),
                    by: OpenAPIDocument.replySchema(of: card)
                )
                #expect(faults.isEmpty, "\(command): \(faults)")
            }
        }
    }

    @Test("a member that is declared and not conditional is in every golden success")
    func unconditionalMembers() async throws {
        // A schema whose members are all conditional would pass everything.
        for card in Catalogue.cards where !card.reply.isEmpty {
            let schema = OpenAPIDocument.replySchema(of: card)
            let bare: JSONValue = .object([
                "ActionStatus": .string("OK"), "ErrorCode": .integer(0), "ErrorInfo": .string(""),
                "RequestId": .string("1"),
            ])
            let takesBare = SchemaChecker.strict.faults(in: bare, by: schema).isEmpty
            #expect(takesBare == card.reply.allSatisfy { $0.condition != nil }, "\(card.name)")
        }
    }

    @Test("every member that a card declares is in some golden reply")
    func declaredMembers() throws {
        for card in Catalogue.cards {
            let replies = GoldenReplyTests.replies.filter { $0.command == card.name }.map { JSONValue($0.payload) }
            let missing = Self.missing(card.reply, in: replies, at: card.name)
            #expect(missing.isEmpty)
        }
    }

    private static func missing(_ members: [ReplyMember], in objects: [JSONValue], at place: String) -> [String] {
        members.flatMap { member -> [String] in
            let values = objects.compactMap { $0[member.name] }
            guard !values.isEmpty else { return ["\(place).\(member.name)"] }
            let inner = values.flatMap { value -> [JSONValue] in
                if case .array(let items) = value { items } else { [value] }
            }
            return missing(member.inner, in: inner, at: "\(place).\(member.name)")
        }
    }

    @Test("every refusal is a failure as declared, whichever check it comes from", arguments: CommandExample.all)
    func refusals(example: CommandExample) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let card = try #require(api.card(example.command))
            let schema = OpenAPIDocument.replySchema(of: card)
            for reply in [
                try await api.call(example.command, "{}"),
                try await api.call(example.command, "[]"),
                try await api.call(example.command, "{"),
                try await api.call(example.command, example.body, as: UserID("nobody")),
                try await api.call(example.command, example.body, query: ["usersig": nil]),
                try await api.call(example.command, example.body, query: ["sdkappid": "7"]),
                try await api.call(example.command, example.body, method: "PUT"),
            ] {
                #expect(reply.code != .ok)
                let faults = SchemaChecker.strict.faults(in: .object(reply.object), by: schema)
                #expect(faults.isEmpty, "\(reply.code.rawValue): \(faults)")
            }
        }
    }

    @Test("a reply that is spoiled is found", arguments: CommandExample.all)
    func spoiledReplies(example: CommandExample) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            try await api.prepare()
            let card = try #require(api.card(example.command))
            let schema = OpenAPIDocument.replySchema(of: card)
            let reply = try await api.call(example.command, example.body).object

            for member in reply.members {
                for spoiled in [
                    reply.setting(member.name, to: nil), reply.setting(member.name, to: .null),
                    reply.setting(member.name + "_", to: .null),
                ] {
                    #expect(
                        !SchemaChecker.strict.faults(in: .object(spoiled), by: schema).isEmpty,
                        "\(JSONValue.object(spoiled).canonicalText)"
                    )
                }
            }
        }
    }

    // MARK: Requests

    @Test("a field that is missing or of a wrong type is no request", arguments: CommandExample.all)
    func wrongFields(example: CommandExample) async throws {
        let card = try #require(Catalogue.cards.first { $0.name == example.command })
        func isRight(_ body: JSONObject) -> Bool {
            SchemaChecker.document.faults(in: .object(body), by: card.fields.schema).isEmpty
        }

        #expect(isRight(example.object))
        for field in card.fields {
            if field.isRequired {
                #expect(!isRight(example.object.setting(field.name, to: nil)), "\(field.name)")
            }
            let kind = try #require(FieldKind(rule: field.rule))
            for name in [field.name] + field.aliases {
                for value in kind.wrongValues {
                    let body = example.object.setting(field.name, to: nil).setting(name, to: value)
                    #expect(!isRight(body), "\(name): \(value)")
                }
            }
            if let value = example.object[field.name] {
                for alias in field.aliases {
                    #expect(isRight(example.object.setting(field.name, to: nil).setting(alias, to: value)))
                    #expect(isRight(example.object.setting(alias, to: .null)))
                }
            }
        }
    }

    /// Bodies at the edges of every rule: what the schema refuses the server refuses too, and the other way round.
    static let edgeValues: [(command: String, field: String, values: [String])] = [
        ("account_import", "UserID", [user(1), user(32), user(33), #""""#, #""a b""#, #""@TGS#a""#, #""@TOA#""#]),
        ("account_import", "UserID", [#""@TO""#, #""x@TOA#a""#, #""-_.@#:+=""#, #""é""#, #""a\nb""#, #""a\n""#]),
        ("account_import", "Nick", [user(500), user(501), #""""#, #""\u0000""#, #""a\nb""#, #""\u0001""#]),
        ("create_official_account", "Name", [user(150), user(151), #""""#, #""港""#]),
        ("create_official_account", "MaxSubscriberNum", ["-1", "0", "1", "0.0", "1.0", "1e2", "0.5"]),
        (
            "create_official_account", "OfficialAccountUserID",
            [#""""#, #""@TOA#_""#, #""@TOA#_x""#, #""@toa#_x""#, #""x@TOA#_x""#, #""@TOA#_é""#, #""@TOA#_\u007f""#]
                + [41, 42].map { "\"@TOA#_\(String(repeating: "x", count: $0))\"" }
        ),
        ("get_official_account_info", "OfficialAccountIdList", [0, 1, 50, 51].map { list($0, channel) }),
        ("get_official_account_info", "OfficialAccountIdList", [#"[{}]"#, #"["@TOA#_news"]"#, "[null]"]),
        (
            "get_official_account_info", "ResponseFilter",
            ["{}", #"{"OfficialAccountBaseInfoFilter":[]}"#, #"{"OfficialAccountBaseInfoFilter":["Nobody"]}"#]
                + [#"{"OfficialAccountBaseInfoFilter":[7]}"#, #"{"OfficialAccountBaseInfoFilter":null}"#]
                + [#"{"OfficialAccountBaseInfoFilter":["\#(String(repeating: "x", count: 101))"]}"#]
        ),
        (
            "get_subscribed_official_account_list", "ResponseFilter",
            [#"{"SelfInfoFilter":["SubscribeTime"]}"#, #"{"SelfInfoFilter":[7]}"#, #"{"SelfInfoFilter":{}}"#]
        ),
        ("add_subscriber", "SubscriberList", [0, 1, 100, 101].map { list($0, #"{"Subscriber_Account":"anna"}"#) }),
        ("add_subscriber", "SubscriberList", [#"[{"Subscriber_Account":""}]"#, #"[{"Subscriber_Account":7}]"#]),
        ("get_subscriber_info", "Limit", ["-1", "0", "1", "200", "201"]),
        ("get_subscriber_info", "Next", [#""""#]),
        ("official_account_msg_get_simple", "ReqMsgNumber", ["0", "1", "20", "21", "4294967295", "4294967296"]),
        (
            "official_account_msg_get_simple", "LastMsgKey",
            [#""""#, #""1_1_5""#, #""1_2_5""#, #""01_1_5""#, #""1_1_05""#, #""1_1_5x""#, #""0_1_5""#, #""1_1_0""#]
        ),
        ("official_account_msg_recall", "MsgKeyList", [0, 1, 10, 11].map { list($0, #""x""#) }),
        ("official_account_msg_recall", "Reason", [user(100), user(101)]),
        ("send_official_account_msg", "Random", ["-1", "0", "4294967295", "4294967296", "1.5"]),
        (
            "send_official_account_msg", "ForbidCallbackControl",
            ["[]", #"["ForbidBeforeSendMsgCallback"]"#, #"["Forbid"]"#, list(11, #""ForbidAfterSendMsgCallback""#)]
        ),
        ("send_official_account_msg", "SendMsgControl", [#"["NoLastMsg"]"#, #"["NoUnread"]"#, "[null]"]),
        (
            "send_official_account_msg", "OfflinePushInfo",
            ["{}", #"{"PushFlag":1}"#, #"{"PushFlag":2}"#, #"{"PushFlag":1.0}"#, #"{"Title":7}"#]
                + [#"{"Title":"\u0000"}"#, #"{"ApnsInfo":7}"#]
        ),
        ("query_online_status", "To_Account", [0, 1, 500, 501].map { list($0, #""anna""#) }),
        ("multiaccount_import", "Accounts", [0, 1, 100].map { list($0, #""anna""#) } + [#"[""]"#, "[7]"]),
        ("account_delete", "DeleteItem", [0, 1, 100, 101].map { list($0, #"{"UserID":"anna"}"#) }),
        ("account_check", "CheckItem", [0, 1, 100, 101].map { list($0, #"{"UserID":"anna"}"#) }),
        ("kick", "UserID", [#""anna""#, #""""#]),
    ]

    private static let channel = #"{"Official_Account":"@TOA#_news"}"#

    private static func user(_ length: Int) -> String {
        "\"\(String(repeating: "u", count: length))\""
    }

    private static func list(_ count: Int, _ item: String) -> String {
        "[\(Array(repeating: item, count: count).joined(separator: ","))]"
    }

    @Test("at its edges a schema says what the server does", arguments: edgeValues)
    func edges(command: String, field: String, values: [String]) async throws {
        let example = try #require(CommandExample.all.first { $0.command == command })
        for value in values {
            try await StorageEngine.sqlite.withAPI { api in
                try await api.prepare()
                let card = try #require(api.card(command))
                let body = example.object.setting(field, to: JSONValue(value))
                let faults = SchemaChecker.document.faults(in: .object(body), by: card.fields.schema)

                let reply = try await api.call(command, body)

                // Whatever is wrong with a value itself has the family's code or one of these.
                let isWellFormed = !Self.malformed.contains(reply.code) && reply.code != card.codes.invalidParameter
                #expect(faults.isEmpty == isWellFormed, "\(value): \(reply.code.rawValue) \(reply.info) \(faults)")
            }
        }
    }

    private static let malformed: Set<ErrorCode> = [
        .channelIDInvalid, .accountNotString, .profileValueTooLong, .onlineStatusAccountInvalid,
        .onlineStatusTooManyAccounts,
    ]

    @Test(
        "in place of a field that is left out another may stand, which is not looked at otherwise",
        arguments: [
            ("multiaccount_import", "AccountList", #"[{"UserID":"anna"}]"#, "Accounts", #"["anna"]"#),
            (
                "delete_subscriber", "SubscriberToDel_Account", #"["anna"]"#, "SubscriberList",
                #"[{"Subscriber_Account":"anna"}]"#
            ),
        ]
    )
    func substitutes(command: String, first: String, one: String, second: String, two: String) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            try await api.prepare()
            let card = try #require(api.card(command))
            let rest = command == "delete_subscriber" ? #""Official_Account":"@TOA#_news","# : ""
            for (members, isRight) in [
                (#""\#(first)":\#(one)"#, true), (#""\#(second)":\#(two)"#, true),
                (#""\#(first)":\#(one),"\#(second)":null"#, true), (#""\#(first)":null,"\#(second)":\#(two)"#, false),
                (#""\#(second)":null"#, false), (#""Nobody":7"#, false),
            ] {
                let body = JSONValue("{\(rest)\(members)}")
                let faults = SchemaChecker.document.faults(in: body, by: card.fields.schema)
                let reply = try await api.call(command, body.canonicalText)
                #expect(faults.isEmpty == isRight && (reply.code == .ok) == isRight, "\(members): \(reply.info)")
            }
        }
    }

    @Test(
        "the elements of a message that the server takes are those that the schema takes",
        arguments: [
            #"{"MsgType":"TIMTextElem","MsgContent":{"Text":"x"}}"#,
            #"{"MsgType":"TIMTextElem","MsgContent":{"Text":"\u0000"}}"#,
            #"{"MsgType":"TIMTextElem","MsgContent":{"Text":7}}"#, #"{"MsgType":"TIMTextElem","MsgContent":{}}"#,
            #"{"MsgType":"TIMTextElem"}"#, #"{"MsgContent":{"Text":"x"}}"#, "7", "null",
            #"{"MsgType":"TIMRelayElem","MsgContent":{"Text":"x"}}"#,
            #"{"MsgType":"TIMTextElem","MsgContent":{"Text":"x","More":null},"More":[7]}"#,
            #"{"MsgType":"TIMLocationElem","MsgContent":{"Desc":"d","Latitude":29.5,"Longitude":-106}}"#,
            #"{"MsgType":"TIMLocationElem","MsgContent":{"Latitude":"29","Longitude":-106}}"#,
            #"{"MsgType":"TIMFaceElem","MsgContent":{"Index":1,"Data":"d"}}"#,
            #"{"MsgType":"TIMFaceElem","MsgContent":{"Data":"d"}}"#,
            #"{"MsgType":"TIMCustomElem","MsgContent":{"Ext":"e"}}"#,
            #"{"MsgType":"TIMCustomElem","MsgContent":{}}"#,
            #"{"MsgType":"TIMCustomElem","MsgContent":{"Ext":"e","Data":7}}"#,
            #"{"MsgType":"TIMSoundElem","MsgContent":{"UUID":"u"}}"#,
            #"{"MsgType":"TIMSoundElem","MsgContent":{"UUID":"u","Url":"a","Download_Flag":2}}"#,
            #"{"MsgType":"TIMSoundElem","MsgContent":{"UUID":"u","Url":"a","Download_Flag":2.0}}"#,
            #"{"MsgType":"TIMSoundElem","MsgContent":{"UUID":"u","Url":"a","Download_Flag":1}}"#,
            #"{"MsgType":"TIMSoundElem","MsgContent":{"UUID":"u","Url":"a"}}"#,
            #"{"MsgType":"TIMImageElem","MsgContent":{"UUID":"u","ImageInfoArray":[{"Width":1,"Height":1,"URL":"a"}]}}"#,
            #"{"MsgType":"TIMImageElem","MsgContent":{"UUID":"u","ImageInfoArray":[{"Width":1,"Height":1}]}}"#,
            #"{"MsgType":"TIMImageElem","MsgContent":{"UUID":"u","ImageInfoArray":[]}}"#,
            #"{"MsgType":"TIMFileElem","MsgContent":{"UUID":"u","FileSize":7,"FileName":"f"}}"#,
            #"{"MsgType":"TIMFileElem","MsgContent":{"FileSize":7,"FileName":"f"}}"#,
            #"{"MsgType":"TIMVideoFileElem","MsgContent":{"VideoUUID":"v","ThumbUUID":"t","ThumbWidth":1,"ThumbHeight":1}}"#,
            #"{"MsgType":"TIMVideoFileElem","MsgContent":{"VideoUUID":"v","ThumbUUID":"t","ThumbWidth":1}}"#,
        ]
    )
    func elements(text: String) throws {
        let element = JSONValue(text)
        let faults = SchemaChecker.document.faults(in: element, by: .reference("MessageElement"))
        #expect(faults.isEmpty == ((try? MessageBody([element])) != nil), "\(faults)")
    }

    @Test("a schema refuses no random body that the server accepts", arguments: CommandExample.all)
    func randomBodies(example: CommandExample) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            try await api.prepare()
            let card = try #require(api.card(example.command))
            let declared = Set(CodeFamily.common + card.ownCodes + [.ok])
            var bodies = RandomBodies(seed: 20_260_102, fields: card.fields, example: example.body)
            var accepted = 0

            for _ in 0..<500 {
                let bytes = bodies.next()
                let reply = try await api.call(example.command, sending: .complete(bytes))
                let faults = SchemaChecker.strict.faults(
                    in: .object(reply.object),
                    by: OpenAPIDocument.replySchema(of: card)
                )
                #expect(faults.isEmpty && declared.contains(reply.code), "\(reply.code.rawValue): \(faults)")
                // An account that breaks a rule fails alone, and its name is in the reply.
                guard reply.code == .ok, reply["FailAccounts"] == nil else { continue }
                accepted += 1
                let body = try JSONValue(parsing: bytes)
                let refusals = SchemaChecker.document.faults(in: body, by: card.fields.schema)
                #expect(refusals.isEmpty, "\(String(decoding: bytes, as: UTF8.self)): \(refusals)")
            }

            #expect(accepted > 0)
        }
    }

    @Test("a keyword that the checker does not know is a fault, and so is a reference to nothing")
    func checker() {
        let unknown = JSONSchema(["type": .string("string"), "format": .string("uri")])
        #expect(SchemaChecker.document.faults(in: .string("x"), by: unknown).count == 1)
        #expect(SchemaChecker.document.faults(in: .string("x"), by: .reference("Nobody")).count == 1)
    }
}
