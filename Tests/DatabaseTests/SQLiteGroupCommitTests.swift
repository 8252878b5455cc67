import ChatProtocol
import Database
import DatabaseSQLite
import RostrumTesting
import Synchronization
import Testing

/// One writer, one commit for many writes, a savepoint for each.
@Suite struct SQLiteGroupCommitTests {
    private static let refused = ChatError(.parameterInvalid, "No.")

    /// The sizes of the groups that were committed, in order.
    private final class Groups: Sendable {
        private let list = Mutex<[Int]>([])
        var sizes: [Int] { list.withLock { $0 } }
        func committed(_ size: Int) { list.withLock { $0.append(size) } }
    }

    private func withDatabase(_ body: (SQLiteDatabase, Groups) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let groups = Groups()
            var configuration = SQLiteDatabase.Configuration()
            configuration.onCommit = { operations, _ in groups.committed(operations) }
            let database = try SQLiteDatabase(path: "\(directory)/data.sqlite", configuration: configuration)
            do {
                try await database.migrate(Things.migrations)
                try await body(database, groups)
                await database.close()
            } catch {
                await database.close()
                throw error
            }
        }
    }

    @Test("a write that finds the writer idle is a group of its own")
    func singleWrites() async throws {
        try await withDatabase { database, groups in
            for id in Int64(1)...3 { try await database.addThing(id) }

            #expect(groups.sizes == [1, 1, 1, 1], "the migration and three writes")
        }
    }

    @Test("writes that wait for the writer share one commit")
    func waitingWritesShare() async throws {
        try await withDatabase { database, groups in
            let outcomes = await writeTogether(in: database, 1...100) { tx, id throws(ChatError) in
                try Things.add(id, in: tx)
            }
            let stored = try await database.thingIDs()

            #expect(outcomes.allSatisfy { $0 == nil })
            #expect(groups.sizes == [1, 1, 100], "the migration, the write that was held, and all that waited")
            #expect(stored == Array(1...100))
        }
    }

    @Test("a group has at most 512 writes")
    func groupsAreBounded() async throws {
        try await withDatabase { database, groups in
            _ = await writeTogether(in: database, 1...1100) { tx, id throws(ChatError) in
                try Things.add(id, in: tx)
            }

            #expect(groups.sizes == [1, 1, 512, 512, 76])
            let stored = try await database.thingIDs()
            #expect(stored.count == 1100)
        }
    }

    @Test("every write is counted in exactly one group")
    func groupsAddUp() async throws {
        try await withDatabase { database, groups in
            try await withThrowingTaskGroup { group in
                for id in Int64(1)...500 { group.addTask { try await database.addThing(id) } }
                try await group.waitForAll()
            }

            #expect(groups.sizes.reduce(0, +) == 501, "with the migration")
        }
    }

    @Test("in one group, exactly those that throw leave nothing")
    func savepoints() async throws {
        try await withDatabase { database, groups in
            try await database.addThing(0)
            let outcomes = await writeTogether(in: database, 1...60) { tx, id throws(ChatError) in
                try Things.add(id, in: tx)
                try tx.execute("UPDATE things SET name = name || \("x") WHERE id = \(Int64(0))")
                switch id % 4 {
                case 1: throw Self.refused
                case 2: try Things.add(0, in: tx)
                case 3: try tx.execute("NO STATEMENT")
                default: break
                }
            }
            let stored = try await database.thingIDs()
            let touches = try await database.read { tx throws(ChatError) in
                try tx.row("SELECT name FROM things WHERE id = 0")?.text(0)
            }

            #expect(groups.sizes.last == 60)
            for (index, error) in outcomes.enumerated() {
                switch (index + 1) % 4 {
                case 1: #expect(error?.code == .parameterInvalid)
                case 2: #expect(error?.storageFault == .constraint)
                case 3: #expect(error?.storageFault == .statement)
                default: #expect(error == nil)
                }
            }
            #expect(stored == Array(stride(from: 0, through: 60, by: 4)))
            #expect(touches == String(repeating: "x", count: 15))
        }
    }

    @Test("a write sees those of its group that came before it")
    func groupMembersSeeEachOther() async throws {
        try await withDatabase { database, _ in
            let outcomes = await writeTogether(in: database, 1...20) { tx, _ throws(ChatError) in
                guard let count = try Things.count(in: tx), count < 5 else { throw Self.refused }
                try Things.add(count, in: tx)
            }
            let stored = try await database.thingIDs()

            #expect(outcomes.filter { $0 == nil }.count == 5)
            #expect(stored == [0, 1, 2, 3, 4])
        }
    }

    @Test("when SQLite rolls the transaction back by itself, nobody in the group is answered OK")
    func automaticRollback() async throws {
        try await withDatabase { database, groups in
            let before = groups.sizes.count
            let outcomes = await writeTogether(in: database, 1...9) { tx, id throws(ChatError) in
                try Things.add(id, in: tx)
                // Stands for what SQLite does on an I/O error.
                if id == 5 { try tx.execute("ROLLBACK") }
            }
            let stored = try await database.thingIDs()

            #expect(outcomes.allSatisfy { $0?.isInternalFault == true })
            #expect(stored.isEmpty)
            #expect(groups.sizes.count == before + 1, "only the write that was held was committed")
            try await database.addThing(10)
            let later = try await database.thingIDs()
            #expect(later == [10], "the writer goes on")
        }
    }

    /// Lets a write make the COMMIT that carries it fail, by a row of `parts` that points nowhere.
    private func makeCommitsBreakable(_ database: SQLiteDatabase) async throws {
        // A deferred foreign key is what makes COMMIT itself fail. Foreign keys can only be switched on outside a
        // transaction, hence the way around.
        try await database.write { tx throws(ChatError) in
            try tx.execute(
                """
                CREATE TABLE parts (
                    id BIGINT PRIMARY KEY,
                    thing BIGINT REFERENCES things (id) DEFERRABLE INITIALLY DEFERRED
                )
                """
            )
            for statement: SQL in ["COMMIT", "PRAGMA foreign_keys = ON", "BEGIN IMMEDIATE", "SAVEPOINT operation"] {
                try tx.execute(statement)
            }
        }
    }

    @Test("when COMMIT fails, no action of the group is done")
    func failedCommitActions() async throws {
        try await withDatabase { database, _ in
            try await makeCommitsBreakable(database)
            let done = Groups()

            let outcomes = await writeTogether(in: database, 1...9) { tx, id throws(ChatError) in
                try Things.add(id, in: tx)
                tx.onCommit { done.committed(Int(id)) }
                if id == 5 { try tx.execute("INSERT INTO parts (id, thing) VALUES (\(id), \(Int64(404)))") }
            }
            try await database.write { tx throws(ChatError) in tx.onCommit { done.committed(10) } }

            #expect(outcomes.allSatisfy { $0?.storageFault == .constraint })
            #expect(done.sizes == [10])
        }
    }

    @Test("when COMMIT fails, nobody in the group is answered OK")
    func failedCommit() async throws {
        try await withDatabase { database, _ in
            try await makeCommitsBreakable(database)

            let outcomes = await writeTogether(in: database, 1...9) { tx, id throws(ChatError) in
                try Things.add(id, in: tx)
                if id == 5 { try tx.execute("INSERT INTO parts (id, thing) VALUES (\(id), \(Int64(404)))") }
            }
            let stored = try await database.thingIDs()

            #expect(outcomes.map { $0?.storageFault } == Array(repeating: .constraint, count: 9))
            #expect(stored.isEmpty)
            try await database.addThing(10)
            let later = try await database.thingIDs()
            #expect(later == [10], "the writer goes on")
        }
    }

    @Test("a full disk is told as such to whoever met it, and nobody in his group is answered OK")
    func fullDisk() async throws {
        try await withDatabase { database, _ in
            try await database.write { tx throws(ChatError) in
                let pages = try tx.row("PRAGMA page_count")?.integer(0) ?? 0
                #expect(pages < 40)
                _ = try tx.rows("PRAGMA max_page_count = 40")
            }
            let megabyte = [UInt8](repeating: 7, count: 1_000_000)

            let outcomes = await writeTogether(in: database, 1...5) { tx, id throws(ChatError) in
                try Things.add(id, in: tx)
                if id == 3 { try tx.execute("UPDATE things SET data = \(megabyte) WHERE id = \(id)") }
            }
            let stored = try await database.thingIDs()

            #expect(outcomes[2]?.storageFault == .full)
            let answeredOK = outcomes.indices.filter { outcomes[$0] == nil }.map { Int64($0 + 1) }
            #expect(answeredOK == stored, "whoever was answered OK is there, and nobody else")
        }
    }

    @Test("a disk that is full for each member of a group refuses each as full")
    func fullDiskForAll() async throws {
        try await withDatabase { database, _ in
            try await database.write { tx throws(ChatError) in _ = try tx.rows("PRAGMA max_page_count = 40") }
            let megabyte = [UInt8](repeating: 7, count: 1_000_000)

            let outcomes = await writeTogether(in: database, 1...5) { tx, id throws(ChatError) in
                try tx.execute("INSERT INTO things (id, name, data) VALUES (\(id), '', \(megabyte))")
            }
            let stored = try await database.thingIDs()

            #expect(outcomes.map { $0?.storageFault } == Array(repeating: .full, count: 5))
            #expect(stored.isEmpty)

            try await database.write { tx throws(ChatError) in _ = try tx.rows("PRAGMA max_page_count = 100000") }
            try await database.addThing(6)
            let later = try await database.thingIDs()
            #expect(later == [6], "with room made, the writer goes on")
        }
    }
}
