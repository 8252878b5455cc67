import AdminAPI
import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// `query_online_status` tells who has a live connection (spec/accounts.md 8).
@Suite struct OnlineStatusTests {
    private static let anna = UserID("anna")

    /// What is told of anna, of bella and of someone who is not imported.
    private func status(
        _ sessions: [PresentSession],
        _ flags: String = "",
        in api: TestAPI
    ) async throws -> String? {
        try await api.installation.importAccounts("anna", "bella")
        api.installation.presence.set(sessions, of: Self.anna)
        api.installation.presence.set([PresentSession(platform: .web, instance: 1)], of: UserID("bella"), in: .other)
        let reply = try await api.call("query_online_status", #"{"To_Account":["bella","anna","x"]\#(flags)}"#)
        #expect(reply["ErrorList"] == JSONValue(#"[{"To_Account":"x","ErrorCode":70107}]"#))
        #expect(reply["QueryResult"]?[0] == JSONValue(#"{"To_Account":"bella","Status":"Offline"}"#))
        return reply["QueryResult"]?[1]?.canonicalText
    }

    @Test("who has a connection is online, whoever asks for details or not")
    func online() async throws {
        try await StorageEngine.sqlite.withAPI { api async throws in
            let session = PresentSession(platform: .web, instance: 3)
            let plain = #"{"Status":"Online","To_Account":"anna"}"#

            #expect(try await status([session], in: api) == plain)
            #expect(try await status([session], #","IsReturnInstid":1,"IsReturnCustomStatus":1"#, in: api) == plain)
            #expect(try await status([session], #","IsNeedDetail":0"#, in: api) == plain)
            #expect(
                try await status([], #","IsNeedDetail":1,"IsReturnInstid":1"#, in: api)
                    == #"{"Status":"Offline","To_Account":"anna"}"#
            )
        }
    }

    @Test("each platform is named once, in the documentation's words, however many connections there are")
    func platforms() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let sessions = ClientPlatform.allCases.enumerated().flatMap { number, platform in
                (0..<2).map { PresentSession(platform: platform, instance: Int64(10 * number + $0)) }
            }
            func detail(_ flags: String) async throws -> [JSONValue] {
                JSONValue(try #require(try await status(sessions.reversed(), flags, in: api)))["Detail"]?.items ?? []
            }

            let brief = try await detail(#","IsNeedDetail":1"#)
            let full = try await detail(#","IsNeedDetail":1,"IsReturnInstid":1"#)

            let names = ["iPhone", "Android", "Web", "PC", "iPad", "Mac", "Unknown"]
            #expect(brief.map { $0["Platform"]?.text } == names)
            #expect(brief.allSatisfy { $0.object?.members.map(\.name) == ["Platform", "Status"] })
            #expect(Set(full.compactMap { $0["Instid"]?.integer }) == Set(sessions.map(\.instance)))
            #expect(full.count == sessions.count)
            for (platform, name) in [
                (ClientPlatform.iOS, "iPhone"), (.android, "Android"), (.web, "Web"), (.windows, "PC"),
                (.iPad, "iPad"), (.macOS, "Mac"),
            ] {
                let instances = sessions.filter { $0.platform == platform }.map(\.instance)
                let listed = full.filter { $0["Platform"]?.text == name }
                #expect(listed.map { $0["Instid"]?.integer } == instances, "\(name)")
                #expect(listed.allSatisfy { $0["Status"]?.text == "Online" })
            }
        }
    }

    @Test("an account that is named twice is told of twice")
    func twice() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            try await api.installation.importAccounts("anna")
            api.installation.presence.set([PresentSession(platform: .iOS, instance: 1)], of: Self.anna)

            let reply = try await api.call("query_online_status", #"{"To_Account":["anna","anna"]}"#)

            #expect(reply["QueryResult"]?.items.map { $0["Status"]?.text } == ["Online", "Online"])
        }
    }
}
