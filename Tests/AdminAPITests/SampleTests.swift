import AdminAPI
import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// The documentation's sample of every command, as the API explorer and the OpenAPI document show it.
@Suite struct SampleTests {
    /// What `rostrum dev` has ready, the channel of the samples, and the broadcast whose key they name.
    private func prepare(_ api: TestAPI) async throws {
        let installation = api.installation
        try await installation.importAccounts("107867", "anna")
        let id = ChannelID("@TOA#_harbour_news")
        let new = NewChannel.example(id: id, owner: UserID("107867"))
        _ = try await installation.channels.create(new, for: try await installation.call())
        _ = try await installation.subscribers.add(["107867"], to: id, for: try await installation.call())
        installation.clock.advance(seconds: 1_767_229_200 - installation.clock.now.seconds)
        let element = JSONValue(#"{"MsgType":"TIMTextElem","MsgContent":{"Text":"first"}}"#)
        let broadcast = NewBroadcast(channel: id, random: 0, body: try MessageBody([element]))
        _ = try await installation.broadcasts.send(broadcast, for: try await installation.call())
        installation.clock.advance(seconds: 3600)
    }

    @Test("every sample succeeds over what it speaks of", arguments: Catalogue.cards.map(\.name))
    func succeeds(command: String) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            if command == "create_official_account" {
                try await api.installation.importAccounts("107867")
            } else {
                try await prepare(api)
            }
            let card = try #require(api.card(command))

            let reply = try await api.call(command, card.sample)

            #expect(reply.code == .ok, "\(reply.info)")
            let inner = reply.payload.members.flatMap { $0.value.items }
            for item in inner {
                #expect([nil, 0].contains(item["ErrorCode"]?.integer) && [nil, 0].contains(item["RetCode"]?.integer))
                #expect([nil, 0].contains(item["ResultCode"]?.integer))
            }
        }
    }

    @Test("every sample keeps its command's schema, and is the example of the OpenAPI document")
    func schema() throws {
        let document = OpenAPIDocument(Catalogue.cards).json
        for card in Catalogue.cards {
            let sample = JSONValue.object(card.sample)
            let faults = SchemaChecker.document.faults(in: sample, by: card.fields.schema)
            #expect(faults.isEmpty, "\(card.name): \(faults)")
            let names = Set(card.fields.flatMap { [$0.name] + $0.aliases })
            #expect(card.sample.members.allSatisfy { names.contains($0.name) }, "\(card.name)")
            let content = document["paths"]?["/v4/" + card.path]?["post"]?["requestBody"]?["content"]
            #expect(content?["application/json"]?["example"] == sample)
        }
    }

    @Test("a command that says that it changes nothing writes nothing", arguments: CommandExample.all)
    func changes(example: CommandExample) async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let faulty = FaultyDatabase(database)
            let installation = TestInstallation(database: faulty, overrides: [.callsPerSecond: 0])
            _ = try await installation.applications.create(.example(), by: installation.operation())
            let api = TestAPI(installation)
            try await api.prepare()
            let card = try #require(api.card(example.command))
            let command = try #require(api.catalogue.command(at: "/v4/" + card.path))
            let call = try await installation.call()
            let before = try await installation.audit().count
            faulty.failWrites(with: DatabaseError(.readOnly, "the test says so"))

            let reply = await command.reply(to: Array(example.body.utf8), for: call, seenBy: nil)

            #expect((faulty.refusedWrites > 0) == card.changes)
            #expect((reply.code == .ok) == !card.changes)
            #expect(try await installation.audit().count == before)
        }
    }

    @Test("an operator's call is judged as a caller's is, and the audit names the operator")
    func operatorsCall() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let installation = api.installation
            try await installation.importAccounts("anna")
            let kick = try #require(api.catalogue.command(at: "/v4/im_open_login_svc/kick"))
            let create = try #require(
                api.catalogue.command(at: "/v4/official_account_open_http_svc/create_official_account")
            )
            func reply(_ command: any Command, _ body: String) async throws -> TestAPI.Reply {
                let call = try await installation.call()
                let own = Call(
                    application: call.application,
                    caller: call.caller,
                    performer: "operator:alice",
                    address: call.address,
                    requestID: call.requestID,
                    time: call.time
                )
                let reply = await command.reply(to: Array(body.utf8), for: own, seenBy: nil)
                #expect(try TestAPI.Reply(reply.bytes).code == reply.code)
                return try TestAPI.Reply(reply.bytes)
            }

            #expect(try await reply(kick, #"{"UserID":"anna"}"#).code == .ok)
            let entries = try await installation.audit()
            #expect(entries.contains { $0.action == "kick" && $0.caller == "operator:alice" })
            #expect(try await reply(kick, "{").code == .bodyNotJSON)
            #expect(try await reply(kick, "[]").code == .bodyNotJSON)
            #expect(try await reply(create, "[]").code == .bodyNotObject)
            #expect(try await reply(kick, "{}").code == .accountParameterInvalid)
            try await installation.setLimits([.requestBytes: 10])
            #expect(try await reply(kick, #"{"UserID":"anna"}"#).code == .httpParsingFailed)
            var change = ApplicationChange()
            change.channelServiceIsEnabled = false
            _ = try await installation.applications.update(.example, change, by: installation.operation())
            #expect(try await reply(create, "{}").code == .channelServiceDisabled)
        }
    }
}
