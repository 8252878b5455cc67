import AdminAPI
import ChatProtocol
import RostrumClient
import RostrumTesting
import Testing

@Suite("The commands of the client")
struct AdminCommandTests {
    @Test("send what the documentation asks for, and read what it promises", arguments: AdminCommandCase.all)
    func exchange(example: AdminCommandCase) async throws {
        try await ScriptedAPI.with([.success(example.reply)]) { client, api in
            #expect(try await example.isRight(client))

            let request = try #require(api.requests.first)
            #expect(request.lines.first?.hasPrefix("POST ") == true)
            #expect(request.command == example.command)
            #expect(request.text == example.body)
            #expect(request.parameter("sdkappid") == "88888888")
            #expect(request.parameter("identifier") == "administrator")
            #expect(request.parameter("contenttype") == "json")
            #expect(request.parameter("random").flatMap { UInt32($0) } != nil)
        }
    }

    @Test("are all that the catalogue has, with no member that it does not know")
    func catalogue() {
        let examples = Dictionary(grouping: AdminCommandCase.all, by: \.command)
        for card in Catalogue.cards {
            let bodies = examples[card.path] ?? []
            #expect(!bodies.isEmpty, "\(card.path) is not in the client")
            for member in bodies.flatMap({ JSONValue($0.body).object?.members ?? [] }) {
                #expect(card.fields.contains { $0.name == member.name }, "\(card.path) has no \(member.name)")
            }
        }
    }

    @Test("carry an idempotency key when they change something, and only then")
    func keys() async throws {
        let reads: Set = [
            "get_official_account_info", "get_subscriber_info", "get_subscribed_official_account_list",
            "official_account_msg_get_simple", "account_check", "query_online_status", "get_broadcast_receipt",
        ]
        for example in AdminCommandCase.all {
            try await ScriptedAPI.with([.success(example.reply)]) { client, api in
                _ = try await example.isRight(client)
                let isRead = example.command.split(separator: "/").last.map { reads.contains(String($0)) } ?? false
                #expect((api.requests.first?.header("idempotency-key") == nil) == isRead, "\(example.command)")
            }
        }
    }

    @Test("leave out what is not given")
    func smallestBodies() async throws {
        let sent = ScriptedAPI.Step.success(#""MsgKey":"1_1_1","MsgTime":1,"OfficialAccountUserID":"@TOA#_n""#)
        try await ScriptedAPI.with([sent]) { client, api in
            _ = try await client.createOfficialChannel(NewOfficialChannel(owner: "anna", name: "News"))
            var broadcast = Broadcast(text: "Hello")
            broadcast.random = 0
            _ = try await client.sendBroadcast(broadcast, to: "@TOA#_n")

            #expect(
                api.requests.map(\.text) == [
                    #"{"Owner_Account":"anna","Name":"News"}"#,
                    #"{"Official_Account":"@TOA#_n","Random":0,"MsgBody":[{"MsgType":"TIMTextElem","#
                        + #""MsgContent":{"Text":"Hello"}}]}"#,
                ]
            )
        }
    }

    @Test("escape what stands in the URL")
    func escaping() async throws {
        try await Receiver.listening(Receiver.reply(200, #"{"ErrorCode":0,"ErrorInfo":""}"#)) { receiver in
            let client = try AdminClient(
                server: "http://127.0.0.1:\(receiver.port)/chat/",
                sdkAppID: 7,
                identifier: "a#b+c=d@e",
                userSigs: .supplied { "x*y-z_%&" },
                surroundings: Machine().surroundings
            )

            try await client.kick("anna")

            let request = try #require(receiver.record.requests.first)
            #expect(request.lines.first?.hasPrefix("POST /chat/v4/im_open_login_svc/kick?sdkappid=7&") == true)
            #expect(request.parameter("identifier") == "a%23b%2Bc%3Dd%40e")
            #expect(request.parameter("usersig") == "x%2Ay-z_%25%26")
        }
    }
}
