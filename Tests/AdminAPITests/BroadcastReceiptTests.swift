import AdminAPI
import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// `get_broadcast_receipt`, a command of Rostrum's own.
@Suite struct BroadcastReceiptTests {
    @Test(
        "what has no receipt is refused with the code of its reason",
        arguments: [
            (#"{"Official_Account":"@TOA#_none","MsgKey":"1_1_1767225600"}"#, 130004),
            (#"{"Official_Account":"news","MsgKey":"1_1_1767225600"}"#, 130007),
            (#"{"Official_Account":"@TOA#_news","MsgKey":"2_1_1767225600"}"#, 10030),
            (#"{"Official_Account":"@TOA#_news","MsgKey":"1_1_1767225601"}"#, 10030),
            (#"{"Official_Account":"@TOA#_news","MsgKey":"9223372036854775807_1_0"}"#, 10030),
            (#"{"Official_Account":"@TOA#_news","MsgKey":"01_1_1767225600"}"#, 6017),
            (#"{"Official_Account":"@TOA#_news","MsgKey":""}"#, 6017),
            (#"{"Official_Account":"@TOA#_news"}"#, 6017),
        ]
    )
    func refused(body: String, code: Int) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            try await api.prepare()

            let reply = try await api.call("get_broadcast_receipt", body)

            #expect(reply.code.rawValue == code, "\(reply.info)")
        }
    }

    @Test("the time of the last write is told only where there was one")
    func lastWrite() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            try await api.prepare()

            let reply = try await api.call(
                "get_broadcast_receipt",
                #"{"Official_Account":"@TOA#_news","MsgKey":"1_1_1767225600"}"#
            )

            #expect(reply["WrittenNum"]?.integer == 0 && reply["LastWriteMs"] == nil)
        }
    }

    @Test("the documentation marks it as Rostrum's own, and no other command")
    func marked() throws {
        let own = Catalogue.cards.filter(\.isOwn)
        #expect(own.map(\.path) == ["rostrum_svc/get_broadcast_receipt"])
        let page = CompatibilityTable(Catalogue.cards).markdown
        #expect(page.split(separator: "\n").filter { $0.hasSuffix("| Rostrum's own |") }.count == 1)
        #expect(page.contains("## get_broadcast_receipt"))
        for item in CommandList(Catalogue.cards).json.items {
            #expect((item["own"] == .bool(true)) == (item["name"]?.text == "get_broadcast_receipt"))
        }
        let paths = OpenAPIDocument(Catalogue.cards).json["paths"]
        for card in Catalogue.cards {
            let words = paths?["/v4/" + card.path]?["post"]?["description"]?.text ?? ""
            #expect(words.contains("Rostrum's own") == card.isOwn)
        }
    }
}
