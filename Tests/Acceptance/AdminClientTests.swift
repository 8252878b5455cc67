import ChatProtocol
import RostrumClient
import RostrumTesting
import Testing

/// The Swift client against the program as it is.
@Suite("The Swift client's admin side")
struct AdminClientTests {
    private static func client(_ server: ServerProcess) throws -> AdminClient {
        try AdminClient(
            server: "http://127.0.0.1:\(server.port)",
            sdkAppID: Signatory.emulator.application,
            userSigs: .key(Signatory.emulatorKey)
        )
    }

    @Test("walks a channel from its creation to its end")
    func wholeLife() async throws {
        try await withServer { server in
            let client = try Self.client(server)
            try await client.importAccount(NewAccount(id: "anna", nick: "Anna"))
            #expect(try await client.importAccounts([NewAccount(id: "bob"), NewAccount(id: "b b")]) == ["b b"])
            let checks = try await client.checkAccounts(["anna", "zoe"])
            #expect(checks.map(\.isImported) == [true, false])
            let statuses = try await client.onlineStatus(of: ["anna", "zoe"], withDetail: true)
            #expect(statuses.accounts.map(\.status) == [.offline])
            #expect(statuses.failures == ["zoe": .accountNotImported])

            let new = NewOfficialChannel(owner: "anna", name: "News", id: "@TOA#_news", introduction: "Daily")
            let channel = try await client.createOfficialChannel(new)
            #expect(channel == "@TOA#_news")
            try await client.modifyOfficialChannel(channel, OfficialChannelChange(organization: "Town"))
            let added = try await client.addSubscribers(["anna", "bob", "zoe"], to: channel)
            #expect(added.map(\.outcome) == [.added, .added, .failed])
            try await client.modifySubscriber("bob", of: channel, customString: "gold")
            let subscribers = try await client.subscribers(of: channel, limit: 1)
            #expect(subscribers.totalCount == 2)
            let next = try #require(subscribers.next)
            let rest = try await client.subscribers(of: channel, next: next)
            #expect(rest.subscribers.map(\.customString) == ["gold"])
            #expect(rest.next == nil)
            #expect(try await client.deleteSubscribers(["bob"], from: channel).map(\.outcome) == [.removed])

            let body: [MessageElement] = [.text("Hello"), .custom(data: "{}")]
            let sent = try await client.sendBroadcast(Broadcast(body), to: channel)
            let page = try await client.history(of: channel)
            #expect(page.messages.map(\.key) == [sent.key])
            #expect(page.messages.first?.body == body)
            #expect(page.completion == .complete)
            #expect(try await client.recallBroadcasts([sent.key], of: channel, reason: "Wrong").map(\.code) == [.ok])
            #expect(try await client.history(of: channel, withRecalled: true).messages.map(\.state) == [.recalled])

            let info = try #require(try await client.officialChannels([channel]).first?.found)
            #expect(info.organization == "Town")
            #expect(info.introduction == "Daily")
            #expect(info.subscriberCount == 1)
            let subscribed = try await client.subscribedChannels(of: "anna")
            #expect(subscribed.items.map(\.info.id) == [channel])
            #expect(subscribed.nextOffset == nil)

            try await client.destroyOfficialChannel(channel)
            let refused = try await client.officialChannels([channel])
            #expect(refused.allSatisfy { $0.found == nil })
            #expect(try await client.deleteAccounts(["bob", "zoe"]).map(\.code) == [.ok, .accountNotImported])
        }
    }

    @Test("gets over faults of the server")
    func faults() async throws {
        try await withServer { server in
            let client = try Self.client(server)
            try await client.importAccount(NewAccount(id: "anna"))
            let fault = #"{"command":"create_official_account","code":20005,"times":2}"#
            #expect(try await server.request("POST", "/dev/faults", body: fault).status == 200)

            let new = NewOfficialChannel(owner: "anna", name: "News", id: "@TOA#_news")
            #expect(try await client.createOfficialChannel(new, idempotencyKey: "make-news") == "@TOA#_news")
            // The key, not the fields, makes the second call the first one again.
            #expect(try await client.createOfficialChannel(new, idempotencyKey: "make-news") == "@TOA#_news")
            await #expect {
                try await client.createOfficialChannel(new)
            } throws: { error in
                guard case .refused(let refusal)? = error as? RostrumError else { return false }
                return refusal.code == .channelIDTaken && refusal.requestID?.isEmpty == false
            }
        }
    }
}
