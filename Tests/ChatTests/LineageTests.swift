import Chat
import ChatProtocol
import EventBus
import RostrumTesting
import Testing

/// Of which history what is told and answered says it is: the one of the transaction that did or read it, also when
/// the storage turned out meanwhile to be of another.
@Suite struct LineageTests {
    private let history = History(lineage: 1)

    private func withInstallation(_ body: (TestInstallation) async throws -> Void) async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let installation = TestInstallation(database: HistoricDatabase(database, history))
            _ = try await installation.applications.create(.example(plan: .enterprise), by: installation.operation())
            try await body(installation)
        }
    }

    /// A failover that comes while transactions of the old history are under way.
    private func failOver() {
        history.transactionsStay(of: 1)
        history.becomes(2)
    }

    @Test("what happens to a channel is told as of its transaction's history, with the epoch of that")
    func channelEvents() async throws {
        try await withInstallation { installation in
            try await installation.prepareChannel()
            let (epoch, heard) = (try await installation.epoch(), installation.listen())
            failOver()

            let key = try await installation.send(.example())
            _ = try await installation.recall(key.rawValue)
            try await installation.channels.modify(.news, .example(name: "Bulletin"), for: installation.call())
            try await installation.channels.destroy(.news, for: installation.call())

            let kinds = heard.channelEvents.map(\.notification?.kind)
            #expect(kinds == [.message, .revoked, .infoChanged, .deleted])
            #expect(heard.channelEvents.map(\.lineage) == [1, 1, 1, 1])
            for parameters in heard.channelEvents.map(\.parameters) {
                #expect(JSONValue(try #require(parameters))["Epoch"]?.text == epoch)
            }
        }
    }

    @Test("a changed subscription is told as of its transaction's history, with the epoch of that")
    func subscriptionEvents() async throws {
        try await withInstallation { installation in
            try await installation.prepareChannel()
            let (epoch, heard) = (try await installation.epoch(), installation.listen())
            failOver()

            _ = try await installation.subscribe("anna")
            try await installation.subscribers.setMessageFlag(.discard, in: .news, for: installation.ownCall())
            _ = try await installation.unsubscribe("anna")

            #expect(heard.subscriptionEvents.map(\.lineage) == [1, 1, 1])
            let parameters = try #require(heard.subscriptionEvents.first?.parameters)
            #expect(JSONValue(parameters)["Epoch"]?.text == epoch)
        }
    }

    @Test("kicks, deletions and the emptying of an application are told as of their transactions' history")
    func endings() async throws {
        try await withInstallation { installation in
            try await installation.importAccounts("anna")
            let heard = installation.listen()
            failOver()

            try await installation.accounts.kick(.anna, for: installation.call())
            _ = try await installation.accounts.delete([.anna], for: installation.call())
            try await installation.applications.empty(.example, by: installation.operation())

            #expect(
                heard.events == [
                    .accountKicked(.example, .anna, lineage: 1), .accountsDeleted(.example, [.anna], lineage: 1),
                    .applicationChanged(.example), .applicationEmptied(.example, lineage: 1),
                ]
            )
        }
    }

    @Test("what is read is of its transaction's history, whatever the storage is of when it is answered")
    func answers() async throws {
        try await withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.subscribe("anna")
            _ = try await installation.sendMany(2)
            let epoch = try await installation.epoch()
            failOver()

            let missing = JSONValue(try await installation.resume(from: 0, 0, epoch: epoch).text)
            #expect(missing["Epoch"]?.text == epoch)
            #expect(missing["messages"]?[1]?["Epoch"]?.text == epoch)
            let reload = JSONValue(try await installation.resume(from: 0, 0, epoch: "7e57-0").text)
            #expect(reload["reload"] == .bool(true) && reload["Epoch"]?.text == epoch)
            let item = try #require(
                try await installation.subscribers.items([.news], for: installation.ownCall()).first
            )
            #expect(item["Epoch"]?.text == epoch)
            let reference = try await installation.reference()
            let events = try #require(
                try await installation.timeline.events(
                    in: reference,
                    after: ChannelPosition(0, 0),
                    of: installation.application(),
                    at: installation.clock.now
                )
            )
            #expect(events.map(\.lineage) == [1, 1])
        }
    }

    @Test("a storage that has lost something gives its channels other epochs")
    func afterwards() async throws {
        try await withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.subscribe("anna")
            _ = try await installation.sendMany(2)
            let old = try await installation.epoch()
            history.becomes(2)

            let answer = JSONValue(try await installation.resume(from: 1, 1, epoch: old).text)

            #expect(answer["reload"] == .bool(true))
            #expect(answer["Epoch"]?.text == old.replacing("7e571-", with: "7e572-"))
        }
    }
}
