import ChatProtocol
import Database
import DatabasePostgres
import RostrumTesting
import Testing

/// One commit for many writes of a lane, a savepoint for each.
@Suite struct PostgresGroupCommitTests {
    private static let refused = ChatError(.parameterInvalid, "No.")

    private func withThings(_ body: (PostgresDatabase, Notes<Int>) async throws -> Void) async throws {
        let groups = Notes<Int>()
        try await PostgresFixture.things().with {
            $0.onCommit = { operations, _ in groups.add(operations) }
        } _: { database async throws in
            try await body(database, groups)
        }
    }

    @Test("a write that finds its lane idle is a group of its own")
    func singleWrites() async throws {
        try await withThings { database, groups async throws in
            for id in Int64(1)...3 { try await database.addThing(id) }

            #expect(groups.all == [1, 1, 1])
        }
    }

    @Test("writes that wait share commits, of at most 64")
    func waitingWritesShare() async throws {
        try await withThings { database, groups async throws in
            let outcomes = await writeTogether(in: database, 1...150) { tx, id throws(ChatError) in
                try Things.add(id, in: tx)
            }

            #expect(outcomes.allSatisfy { $0 == nil })
            #expect(groups.all == [1, 64, 64, 22], "the write that was held, and all that waited")
            #expect(try await database.thingIDs() == Array(1...150))
        }
    }

    @Test("in one group, exactly those that throw leave nothing")
    func savepoints() async throws {
        try await withThings { database, groups async throws in
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
            let touches = try await database.read { tx throws(ChatError) in
                try tx.row("SELECT name FROM things WHERE id = 0")?.text(0)
            }

            #expect(groups.all.last == 60)
            for (index, error) in outcomes.enumerated() {
                switch (index + 1) % 4 {
                case 1: #expect(error?.code == .parameterInvalid)
                case 2: #expect(error?.storageFault == .constraint)
                case 3: #expect(error?.storageFault == .statement)
                default: #expect(error == nil)
                }
            }
            #expect(try await database.thingIDs() == Array(stride(from: 0, through: 60, by: 4)))
            #expect(touches == String(repeating: "x", count: 15))
        }
    }

    @Test("a write that hides the error of a statement is refused with it, alone or in a group", arguments: [1, 9])
    func hiddenErrors(count: Int64) async throws {
        try await withThings { database, _ async throws in
            let outcomes = await writeTogether(in: database, 1...count) { tx, id throws(ChatError) in
                try Things.add(id, in: tx)
                if id == 1 { _ = try? tx.execute("NO STATEMENT") }
            }

            #expect(outcomes.first??.storageFault == .statement)
            #expect(outcomes.dropFirst().allSatisfy { $0 == nil })
            #expect(try await database.thingIDs() == (1...count).filter { $0 != 1 })
        }
    }

    @Test("a write without a statement needs no commit, and does what it promised")
    func nothingWritten() async throws {
        try await withThings { database, _ async throws in
            let done = Notes<Int>()
            let outcomes = await writeTogether(in: database, 1...6) { tx, id throws(ChatError) in
                tx.onCommit { done.add(Int(id)) }
                if id.isMultiple(of: 2) { try Things.add(id, in: tx) }
            }

            #expect(outcomes.allSatisfy { $0 == nil })
            #expect(done.all.sorted() == [1, 2, 3, 4, 5, 6])
            #expect(try await database.thingIDs() == [2, 4, 6])
        }
    }

    @Test("when COMMIT fails, nobody in the group is answered OK and no action is done")
    func failedCommit() async throws {
        try await withThings { database, _ async throws in
            _ = try await database.write { tx throws(ChatError) in
                try tx.execute(
                    """
                    CREATE TABLE parts (
                        id BIGINT PRIMARY KEY,
                        thing BIGINT REFERENCES things (id) DEFERRABLE INITIALLY DEFERRED
                    )
                    """
                )
            }
            let done = Notes<Int>()

            let outcomes = await writeTogether(in: database, 1...9) { tx, id throws(ChatError) in
                try Things.add(id, in: tx)
                tx.onCommit { done.add(Int(id)) }
                if id == 5 { try tx.execute("INSERT INTO parts (id, thing) VALUES (\(id), \(Int64(404)))") }
            }

            #expect(outcomes.map { $0?.storageFault } == Array(repeating: .constraint, count: 9))
            #expect(try await database.thingIDs() == [])
            try await database.write { tx throws(ChatError) in
                try Things.add(10, in: tx)
                tx.onCommit { done.add(10) }
            }
            #expect(done.all == [10], "the lane goes on")
        }
    }

    @Test("a connection keeps no more statements prepared than it may")
    func preparedStatements() async throws {
        try await PostgresFixture.things().with {
            $0.preparedStatements = 8
        } _: { database async throws in
            let prepared = try await database.write { tx throws(ChatError) in
                for round in 0..<2 {
                    for number in 1...20 {
                        let ids = (0..<number).map { Int64($0 + round) }
                        _ = try tx.rows("SELECT id FROM things WHERE id IN (\(list: ids))")
                    }
                }
                return try tx.row("SELECT count(*) FROM pg_prepared_statements")?.integer(0)
            }

            #expect(prepared == 8)
        }
    }
}
