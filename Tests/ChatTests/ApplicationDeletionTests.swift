import Chat
import ChatProtocol
import Database
import RostrumTesting
import Synchronization
import Testing

/// An application goes with everything that belongs to it, and nothing of another goes with it.
@Suite struct ApplicationDeletionTests {
    /// Every table whose rows belong to an application, except the audit, which stays.
    private static let tables = Schema.migrations.flatMap(\.statements).compactMap { statement -> String? in
        let words = statement.text.split(whereSeparator: \.isWhitespace)
        guard words.starts(with: ["CREATE", "TABLE"]), words.contains("app"), words[2] != "audit" else { return nil }
        return String(words[2])
    }

    private func rowCounts(of id: SDKAppID, in database: any Database) async throws -> [String: Int64] {
        try await database.read { tx throws(ChatError) in
            var counts: [String: Int64] = [:]
            for table in Self.tables {
                let query = SQL(stringLiteral: "SELECT count(*) FROM \(table) WHERE app = \(id)")
                counts[table] = try tx.row(query)?.integer(0)
            }
            return counts
        }
    }

    /// Gives an application a row in every table.
    private func fill(_ id: SDKAppID, of installation: TestInstallation) async throws {
        if id != .example {
            _ = try await installation.applications.create(.example(id: id), by: installation.operation())
        }
        try await installation.setLimits([.channels: 50], of: id)
        let call = try await installation.call(of: id)
        let accounts = (0..<2100).map { NewAccount(id: UserID("user_\($0)")) }
        _ = try await installation.accounts.importAll(accounts, for: call)
        _ = try await installation.accounts.delete([UserID("user_0")], for: installation.call(of: id))
        _ = try await installation.channels.create(
            .example(),
            for: installation.call(of: id, idempotencyKey: .example())
        )
        try await fillChannel(of: id, of: installation)
    }

    /// Subscribers and broadcasts, what a destroyed channel and a deleted account left, webhooks that wait and that
    /// were given up.
    private func fillChannel(of id: SDKAppID, of installation: TestInstallation) async throws {
        try await installation.setWebhooks(retry: .off, of: id)
        installation.backend.answerAll(with: .timedOut)
        let gone = ChannelID("@TOA#_gone")
        _ = try await installation.channels.create(.example(id: gone), for: installation.call(of: id))
        _ = try await installation.subscribers.add(["user_1"], to: gone, for: installation.call(of: id))
        try await installation.channels.destroy(gone, for: installation.call(of: id))
        _ = try await installation.subscribers.add(["user_1", "user_2"], to: .news, for: installation.call(of: id))
        _ = try await installation.broadcasts.send(.example(), for: installation.call(of: id))
        try await installation.execute(
            "INSERT INTO unsubscribing_accounts (app, account, deleted_at) VALUES (\(id), 'user_0', 0)"
        )
        try await installation.deliver(of: id)
        installation.backend.answerAll(with: .accepted)
        let leases = installation.leases(seed: 1, time: ManualTime())
        try await leases.beat()
        _ = try #require(try await leases.lease(of: .webhooks(id)))
    }

    @Test("the tables of an application are known to this suite")
    func tablesAreKnown() {
        #expect(Self.tables.contains("applications") && Self.tables.contains("idempotency_keys"))
        #expect(!Self.tables.contains("storage_properties"))
    }

    @Test("deleting leaves no row, and every row of the other application", arguments: StorageEngine.enabled)
    func deleted(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            for id in [SDKAppID.example, .other] { try await fill(id, of: installation) }
            let before = try await rowCounts(of: .other, in: installation.database)
            #expect(before.values.allSatisfy { $0 > 0 }, "every table is tried: \(before)")

            try await installation.applications.delete(.example, by: installation.operation())

            let gone = try await rowCounts(of: .example, in: installation.database)
            let kept = try await rowCounts(of: .other, in: installation.database)
            let found = try await installation.applications.find(.example)
            #expect(gone.values.allSatisfy { $0 == 0 }, "\(gone)")
            #expect(kept == before)
            #expect(found == nil)
        }
    }

    @Test("one whose secrets do not open can be deleted all the same", arguments: StorageEngine.enabled)
    func sealedForGood(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.execute("UPDATE applications SET webhook_token_sealed = webhook_secret_sealed")
            #expect(await refusal { try await installation.applications.all() }?.storageFault == .corrupt)

            let usage = try await installation.applications.deletable(.example)
            try await installation.applications.delete(.example, by: installation.operation())

            #expect((usage.channels, usage.accounts) == (0, 1))
            #expect(try await rowCounts(of: .example, in: installation.database).values.allSatisfy { $0 == 0 })
            for error in [
                await refusal { try await installation.applications.deletable(.example) },
                await refusal { try await installation.applications.delete(.example, by: installation.operation()) },
            ] {
                #expect(error?.code == .applicationNotFound)
            }
        }
    }

    @Test("the audit stays and tells of the deletion", arguments: StorageEngine.enabled)
    func auditStays(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            installation.clock.advance(seconds: 1)
            try await installation.applications.delete(.example, by: installation.operation(by: "cli:bob"))

            let audit = try await installation.audit()
            #expect(audit.map(\.action) == ["app delete", "app delete begins", "app create"])
            #expect(audit.first?.caller == "cli:bob")
        }
    }

    @Test(
        "a deleted number can be used for a new application, that has nothing of the old",
        arguments: StorageEngine.enabled
    )
    func numberIsFree(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(.example, of: installation)
            try await installation.applications.delete(.example, by: installation.operation())

            let again = try await installation.applications.create(
                .example(key: "new key"),
                by: installation.operation()
            )

            let usage = try await (installation.channelCount(), installation.accountCount())
            #expect(again.keys.map(\.text) == ["new key"])
            #expect(again.ownLimits == [:])
            #expect(usage == (0, 1))
            let id = try await installation.channels.create(
                .example(),
                for: installation.call(idempotencyKey: .example(request: "another"))
            )
            #expect(id == .news)
        }
    }

    /// A call that holds an application loaded up to 5 s ago may still write while the deletion runs.
    @Test("what is written while the deletion runs goes too", arguments: StorageEngine.enabled, 1...8)
    func writtenMeanwhile(engine: StorageEngine, place: Int) async throws {
        try await engine.withInstallation { installation in
            let interrupted = InterruptedDatabase(installation.database, beforeWrite: place) { tx throws(ChatError) in
                try tx.execute(
                    """
                    INSERT INTO accounts (app, id, nick, face_url, signatures_void_until_seconds, created_at)
                    VALUES (\(SDKAppID.example), \("latecomer"), \(""), \(""), \(Int64(-1)), \(ManualClock.start))
                    """
                )
            }
            let node = TestInstallation(database: interrupted, clock: installation.clock)

            try await node.applications.delete(.example, by: installation.operation())

            let rows = try await rowCounts(of: .example, in: installation.database)
            #expect(rows["accounts"] == 0 || !interrupted.hasInterrupted)
        }
    }

    @Test("emptying takes channels and accounts and leaves keys, limits and admins", arguments: StorageEngine.enabled)
    func emptied(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            for id in [SDKAppID.example, .other] { try await fill(id, of: installation) }
            let other = try await rowCounts(of: .other, in: installation.database)

            try await installation.applications.empty(.example, by: installation.operation())

            let rows = try await rowCounts(of: .example, in: installation.database)
            let kept = try await rowCounts(of: .other, in: installation.database)
            let usage = try await (installation.channelCount(), installation.accountCount())
            let application = try await installation.application()
            #expect(rows["channels"] == 0)
            #expect(rows["accounts"] == 1)
            #expect(rows["deleted_accounts"] == 0)
            #expect(usage == (0, 1))
            #expect(application.keys.map(\.text) == [NewApplication.exampleKey])
            #expect(application.ownLimits == [.channels: 50])
            #expect(application.admins == [.administrator])
            #expect(kept == other)
            try await installation.importAccounts("anna")
        }
    }
}

/// A database into which another writer comes between two writes of the one under test.
private final class InterruptedDatabase: ForwardingDatabase {
    let database: any Database
    private let place: Int
    private let interruption: @Sendable (any Transaction) throws(ChatError) -> Void
    private let writes = Mutex(0)

    init(
        _ database: any Database,
        beforeWrite place: Int,
        _ interruption: @escaping @Sendable (any Transaction) throws(ChatError) -> Void
    ) {
        (self.database, self.place, self.interruption) = (database, place, interruption)
    }

    var hasInterrupted: Bool { writes.withLock { $0 >= place } }

    func enqueue(_ operation: WriteOperation) {
        let number = writes.withLock { writes in
            writes += 1
            return writes
        }
        if number == place {
            let interruption = self.interruption
            database.enqueue(
                WriteOperation(of: operation.turn) { tx in
                    let isFailure = (try? interruption(tx)) == nil
                    return WriteOperation.Outcome(isFailure: isFailure) {}
                } refuse: { _ in
                }
            )
        }
        database.enqueue(operation)
    }
}
