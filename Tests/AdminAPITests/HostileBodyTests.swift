import AdminAPI
import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// Bodies that nobody sends by accident: each answers its documented code and changes nothing.
@Suite struct HostileBodyTests {
    struct Bytes: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        /// In the channel family and in the account families.
        let codes: (channels: Int, accounts: Int)

        init(_ what: String, _ bytes: [UInt8], _ codes: (Int, Int) = (60003, 60003)) {
            (testDescription, self.bytes, self.codes) = (what, bytes, codes)
        }

        init(_ what: String, _ text: String, _ codes: (Int, Int) = (60003, 60003)) {
            self.init(what, Array(text.utf8), codes)
        }
    }

    static let brokenBodies = [
        Bytes("empty", ""), Bytes("white space", " \r\n\t"), Bytes("cut short", #"{"Name":"Har"#),
        Bytes("cut short after the colon", #"{"Name":"#), Bytes("a lone brace", "{"), Bytes("two objects", "{}{}"),
        Bytes("text after the object", "{} x"), Bytes("a NUL after the object", [0x7B, 0x7D, 0]),
        Bytes("single quotes", "{'Name':'x'}"), Bytes("a comment", "{/* */}"), Bytes("a trailing comma", #"{"a":1,}"#),
        Bytes("NaN", #"{"a":NaN}"#), Bytes("a number with a plus", #"{"a":+1}"#), Bytes("hexadecimal", #"{"a":0x1}"#),
        Bytes("a raw line feed in a text", "{\"Name\":\"a\nb\"}"), Bytes("a form", "Name=x&Owner_Account=y"),
        Bytes("a byte order mark", [0xEF, 0xBB, 0xBF, 0x7B, 0x7D]),
        Bytes("UTF-16", [0xFF, 0xFE, 0x7B, 0, 0x7D, 0]),
        Bytes("bytes that are not UTF-8 in a text", Array(#"{"Name":""#.utf8) + [0xC3, 0x28] + Array(#""}"#.utf8)),
        Bytes("bytes that are not UTF-8 in a name", [0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]),
        Bytes("an overlong NUL", Array(#"{"Name":""#.utf8) + [0xC0, 0x80] + Array(#""}"#.utf8)),
        Bytes("an encoded surrogate", Array(#"{"Name":""#.utf8) + [0xED, 0xA0, 0x80] + Array(#""}"#.utf8)),
        Bytes("a lone high surrogate", #"{"Name":"\ud800"}"#), Bytes("a lone low surrogate", #"{"Name":"\udc00"}"#),
        Bytes("surrogates the wrong way round", #"{"Name":"\udc00\ud800"}"#),
        Bytes("a high surrogate before a letter", #"{"Name":"\ud800\u0041"}"#),
        Bytes("a member twice", #"{"Name":"a","Name":"b"}"#),
        Bytes("a member twice in other letters", #"{"Name":"a","\u004eame":"b"}"#),
        Bytes("a member twice inside", #"{"x":{"y":1,"y":1}}"#),
        Bytes("10,000 arrays", String(repeating: "[", count: 10_000) + String(repeating: "]", count: 10_000)),
        Bytes(
            "10,000 objects",
            String(repeating: #"{"a":"#, count: 10_000) + "1" + String(repeating: "}", count: 10_000)
        ),
        Bytes("10,000 levels in a field nobody knows", #"{"x":"# + String(repeating: "[", count: 10_000)),
        Bytes("an array", "[]", (20001, 60003)), Bytes("null", "null", (20001, 60003)),
        Bytes("a text", #""{}""#, (20001, 60003)), Bytes("a number", "1e400", (20001, 60003)),
        Bytes("true", " true ", (20001, 60003)),
    ]

    @Test("a body that is no JSON object is refused by every command", arguments: brokenBodies)
    func notObjects(row: Bytes) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            for example in CommandExample.all {
                let card = try #require(api.card(example.command))
                let isChannels = ["official_account_open_http_svc", "rostrum_svc"].contains(card.service)
                let reply = try await api.call(example.command, sending: .complete(row.bytes))
                #expect(
                    reply.code.rawValue == (isChannels ? row.codes.channels : row.codes.accounts),
                    "\(example.command): \(reply.info)"
                )
                #expect(reply.info.utf8.count < 200)
            }
        }
    }

    @Test("a body that is too long or incomplete is refused by every command", arguments: CommandExample.all)
    func unreadable(example: CommandExample) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let spaces = [UInt8](repeating: 0x20, count: 2 << 20)

            let long = try await api.call(example.command, sending: .complete(Array(example.body.utf8) + spaces))
            let cut = try await api.call(example.command, sending: .incomplete)

            #expect(long.code.rawValue == 60002 && long.info.contains("1048576"), "\(long.info)")
            #expect(cut.code.rawValue == 60008, "\(cut.info)")
        }
    }

    @Test("the application's own limit of the body is what counts, to the byte")
    func bodyLimit() async throws {
        try await StorageEngine.sqlite.withAPI(overrides: [.requestBytes: 100, .callsPerSecond: 0]) {
            api async throws in
            let body = Array(#"{"CheckItem":[{"UserID":"anna"}]}"#.utf8)
            let full = body + [UInt8](repeating: 0x20, count: 100 - body.count)

            #expect(try await api.call("account_check", sending: .complete(full)).code == .ok)
            #expect(try await api.call("account_check", sending: .complete(full + [0x20])).code.rawValue == 60002)
        }
    }

    /// Nil expects the number to be refused with 6017.
    static let spellings: [(text: String, stored: Int64?)] = [
        ("1", 1), ("34.0", 34), ("3.4e1", 34), ("1E2", 100), ("340e-1", 34), ("10000000", 10_000_000),
        ("10000000.000", 10_000_000), ("1e7", 10_000_000),
        // 0 in any spelling is "not given".
        ("0", 100_000), ("-0", 100_000), ("0.0", 100_000), ("0e99999999999999999999", 100_000),
        ("-1", nil), ("-1e0", nil), ("1.5", nil), ("1e-1", nil), ("1e400", nil), ("-1e400", nil), ("1e-400", nil),
        ("10000001", nil), ("4294967295", nil), ("4294967296", nil), ("9223372036854775807", nil),
        ("9223372036854775808", nil), ("18446744073709551616", nil), ("-9223372036854775808", nil),
        ("1e99999999999999999999", nil), (#""5""#, nil), ("true", nil), ("[5]", nil), ("null", nil),
    ]

    @Test("MaxSubscriberNum is a whole number within its limits, however it is spelt", arguments: spellings)
    func numbers(text: String, stored: Int64?) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let body =
                #"{"Owner_Account":"administrator","Name":"N","OfficialAccountUserID":"@TOA#_n","MaxSubscriberNum":"#

            let reply = try await api.call("create_official_account", body + text + "}")

            #expect(reply.code.rawValue == (stored == nil ? 6017 : 0), "\(reply.info)")
            let application = try await api.installation.application()
            let found = try await api.installation.channels.find(
                [ChannelID("@TOA#_n")],
                of: application,
                at: api.installation.clock.now
            )
            #expect(found.first??.maxSubscribers == stored)
        }
    }

    @Test(
        "NUL is refused wherever it would be stored as a text of its own",
        arguments: [
            ("create_official_account", #"{"Owner_Account":"administrator","Name":"a\u0000b"}"#, 6017),
            ("create_official_account", #"{"Owner_Account":"administrator","Name":"a","Introduction":"\u0000"}"#, 6017),
            ("create_official_account", #"{"Owner_Account":"administrator","Name":"a","FaceUrl":"\u0000"}"#, 6017),
            ("create_official_account", #"{"Owner_Account":"administrator","Name":"a","Organization":"\u0000"}"#, 6017),
            ("create_official_account", #"{"Owner_Account":"administrator","Name":"a","CustomString":"\u0000"}"#, 6017),
            (
                "create_official_account",
                #"{"Owner_Account":"administrator","Name":"a","OfficialAccountUserID":"@TOA#_\u0000"}"#, 130007
            ),
            ("create_official_account", #"{"Owner_Account":"administrator\u0000","Name":"a"}"#, 70107),
            ("modify_official_account_base_info", #"{"Official_Account":"@TOA#_news","Name":"\u0000"}"#, 6017),
            ("modify_official_account_base_info", #"{"Official_Account":"@TOA#_news\u0000"}"#, 130007),
            ("destroy_official_account", #"{"Official_Account":"@TOA#_news\u0000"}"#, 130007),
            ("get_official_account_info", #"{"OfficialAccountIdList":[{"Official_Account":"@TOA#_\u0000"}]}"#, 130007),
            ("account_import", #"{"UserID":"anna\u0000"}"#, 70402),
            ("account_import", #"{"UserID":"anna","Nick":"\u0000"}"#, 70402),
            ("account_import", #"{"UserID":"anna","FaceUrl":"a\u0000"}"#, 70402),
            ("kick", #"{"UserID":"anna\u0000"}"#, 70107),
        ]
    )
    func nul(command: String, body: String, code: Int) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            try await api.prepare()

            let reply = try await api.call(command, body)

            #expect(reply.code.rawValue == code, "\(reply.info)")
        }
    }

    @Test("names that could never be imported are answered as such, and repeated as they were")
    func neverImported() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            for name in ["", #"anna\u0000"#, #"\u2028\"\\"#, #"'; DROP TABLE accounts; --"#, "é", "@TOA#_news"] {
                let text = try #require(JSONValue(#""\#(name)""#).text)

                let check = try await api.call("account_check", #"{"CheckItem":[{"UserID":"\#(name)"}]}"#)
                let deletion = try await api.call("account_delete", #"{"DeleteItem":[{"UserID":"\#(name)"}]}"#)
                let several = try await api.call("multiaccount_import", #"{"Accounts":["\#(name)","bella"]}"#)

                #expect(check["ResultItem"]?[0]?["UserID"] == .string(text))
                #expect(check["ResultItem"]?[0]?["AccountStatus"]?.text == "NotImported")
                #expect(deletion["ResultItem"]?[0]?["ResultCode"]?.integer == 70107)
                #expect(several["FailAccounts"] == .array([.string(text)]))
                let online = try await api.call("query_online_status", #"{"To_Account":["\#(name)","administrator"]}"#)
                #expect(online["ErrorList"]?[0]?["To_Account"] == .string(text))
                #expect(online["QueryResult"]?.items.count == 1)
            }
        }
    }

    /// What a caller wrote must not make the sentence long, for it may be a mebibyte.
    @Test("ErrorInfo stays short however long what the caller wrote")
    func longNames() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let long = String(repeating: "x", count: 500_000)
            for (command, body) in [
                ("create_official_account", #"{"Owner_Account":"\#(long)","Name":"a"}"#),
                ("create_official_account", #"{"Owner_Account":"a","Name":"\#(long)"}"#),
                ("destroy_official_account", #"{"Official_Account":"\#(long)"}"#),
                ("account_import", #"{"UserID":"\#(long)"}"#), ("kick", #"{"UserID":"\#(long)"}"#),
                ("query_online_status", #"{"To_Account":["\#(long)"]}"#),
            ] {
                let reply = try await api.call(command, body)
                #expect(reply.code != .ok)
                #expect(reply.info.utf8.count <= 500, "\(command) answers \(reply.info.utf8.count) bytes")
            }
        }
    }
}
