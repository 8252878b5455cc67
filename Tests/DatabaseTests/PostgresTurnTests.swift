import ChatProtocol
import Database
import DatabasePostgres
import RostrumTesting
import Testing

/// Writes of one application take turns, on whatever node; those of different ones do not wait for each other.
@Suite struct PostgresTurnTests {
    private static func application(_ number: Int) throws -> SDKAppID {
        try #require(SDKAppID(rawValue: 1_400_000_000 + Int64(number)))
    }

    /// Adds one to a counter by reading it first, as a rule that looks before it writes does.
    private static func count(_ id: Int64, in tx: any Transaction) throws(ChatError) -> Int64 {
        let text = try tx.row("SELECT name FROM things WHERE id = \(id)")?.text(0) ?? ""
        let next = (Int64(text) ?? 0) + 1
        try tx.execute("UPDATE things SET name = \("\(next)") WHERE id = \(id)")
        return next
    }

    @Test("two nodes that write to the same applications lose no increment and repeat no number")
    func exactCounters() async throws {
        let fixture = try await PostgresFixture.things()
        try await fixture.with { first async throws in
            try await fixture.with { second async throws in
                for id in Int64(0)..<5 { try await first.addThing(id) }

                let numbers = try await withThrowingTaskGroup(of: (Int, Int64).self) { group in
                    for step in 0..<400 {
                        let (database, id) = (step.isMultiple(of: 2) ? first : second, step / 2 % 5)
                        let turn = Turn.application(try Self.application(id))
                        group.addTask {
                            try await database.write(of: turn) { tx throws(ChatError) in
                                (id, try Self.count(Int64(id), in: tx))
                            }
                        }
                    }
                    return try await group.reduce(into: [Int: [Int64]]()) { $0[$1.0, default: []].append($1.1) }
                }

                for id in 0..<5 { #expect(numbers[id]?.sorted() == Array(1...80)) }
            }
        }
    }

    @Test("a write of the whole installation waits for everybody, and everybody for it")
    func installation() async throws {
        let fixture = try await PostgresFixture.things()
        try await fixture.with { first async throws in
            try await fixture.with { second async throws in
                for id in Int64(0)..<4 { try await first.addThing(id) }

                try await withThrowingTaskGroup { group in
                    for step in 0..<200 {
                        let database = step.isMultiple(of: 2) ? first : second
                        let turn: Turn =
                            step.isMultiple(of: 5) ? .installation : .application(try Self.application(step % 4))
                        group.addTask {
                            try await database.write(of: turn) { tx throws(ChatError) in
                                let ids = turn == .installation ? Array(0..<4) : [step % 4]
                                for id in ids { _ = try Self.count(Int64(id), in: tx) }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                let counts = try await first.read { tx throws(ChatError) in
                    try tx.rows("SELECT name FROM things ORDER BY id").map { row throws(ChatError) in try row.text(0) }
                }

                #expect(counts == ["80", "80", "80", "80"], "40 for all, and 40 of each one's own")
            }
        }
    }

    @Test("an application does not wait for one of another lane, and on another node for none")
    func independence() async throws {
        let fixture = try await PostgresFixture.things()
        try await fixture.with { first async throws in
            try await fixture.with { second async throws in
                let held = HeldTransaction()
                async let holding: Void = first.write(of: .application(try Self.application(0))) {
                    tx throws(ChatError) in
                    try Things.add(0, in: tx)
                    held.hold()
                }
                defer { held.goOn() }
                await held.waitUntilBegun()

                for number in 1...8 {
                    try await second.write(of: .application(try Self.application(number))) { tx throws(ChatError) in
                        try Things.add(Int64(number), in: tx)
                    }
                }
                try await second.write(of: .unordered) { tx throws(ChatError) in try Things.add(9, in: tx) }

                #expect(try await second.thingIDs() == Array(1...9))
                held.goOn()
                try await holding
            }
        }
    }

    @Test("writes that take no turn are delayed neither by those that wait for theirs nor by one another")
    func unordered() async throws {
        let fixture = try await PostgresFixture.things()
        try await fixture.with { first async throws in
            try await fixture.with { second async throws in
                try await first.addThing(0)
                let (turn, row) = (HeldTransaction(), HeldTransaction())
                async let holdingTurn: Void = first.write(of: .application(try Self.application(0))) {
                    tx throws(ChatError) in
                    try Things.add(10, in: tx)
                    turn.hold()
                }
                async let holdingRow: Void = first.write(of: .unordered) { tx throws(ChatError) in
                    try tx.execute("UPDATE things SET name = 'held' WHERE id = 0")
                    row.hold()
                }
                defer { for held in [turn, row] { held.goOn() } }
                await turn.waitUntilBegun()
                await row.waitUntilBegun()

                // The installation's turn, which waits for the application's.
                async let waitingForTurn: Void = second.addThing(1)
                async let waitingForRow = second.write(of: .unordered) { tx throws(ChatError) in
                    try tx.execute("UPDATE things SET name = 'free' WHERE id = 0")
                }
                try await waitUntil("both wait at the server") { try await second.waitingWriters() == 2 }
                for id in Int64(2)...9 {
                    try await second.write(of: .unordered) { tx throws(ChatError) in try Things.add(id, in: tx) }
                }

                #expect(try await second.thingIDs() == [0] + Array(2...9))
                for held in [turn, row] { held.goOn() }
                _ = try await (holdingTurn, holdingRow, waitingForTurn)
                #expect(try await waitingForRow == 1)
            }
        }
    }

    @Test("a write's first statement sees what was committed while it waited for its turn, on another node")
    func freshSnapshots() async throws {
        let fixture = try await PostgresFixture.things()
        try await fixture.with { first async throws in
            try await fixture.with { second async throws in
                let turn = Turn.application(try Self.application(0))
                let held = HeldTransaction()
                async let holding: Void = first.write(of: turn) { tx throws(ChatError) in
                    try Things.add(1, in: tx)
                    held.hold()
                }
                defer { held.goOn() }
                await held.waitUntilBegun()
                let submission = Submission()
                async let seen = submission.count(in: second, turn)
                await submission.wait(forCalls: 1)
                // It has to be waiting at the server for this to be a test.
                try await waitUntil("the second node waits for the lock") {
                    try await first.read { tx throws(ChatError) in
                        try tx.row(
                            """
                            SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                                AND classid = current_schema()::regnamespace::oid
                            """
                        ) != nil
                    }
                }
                held.goOn()

                try await holding
                #expect(try await seen == 1)
            }
        }
    }

    @Test("the actions of one application's writes are done in the order of its commits, from many tasks at once")
    func actionsInOrder() async throws {
        try await PostgresFixture.things().with { database async throws in
            let notes = Notes<(Int, Int64)>()
            for id in Int64(0)..<6 { try await database.addThing(id) }

            try await withThrowingTaskGroup { group in
                for step in 0..<300 {
                    let id = step % 6
                    let turn = Turn.application(try Self.application(id))
                    group.addTask {
                        try await database.write(of: turn) { tx throws(ChatError) in
                            let number = try Self.count(Int64(id), in: tx)
                            tx.onCommit { notes.add((id, number)) }
                        }
                    }
                }
                try await group.waitForAll()
            }

            for id in 0..<6 { #expect(notes.all.filter { $0.0 == id }.map(\.1) == Array(1...50)) }
        }
    }

    @Test("many writes at once need fewer commits")
    func commitsAreShared() async throws {
        let groups = Notes<Int>()
        try await PostgresFixture.things().with {
            $0.onCommit = { operations, _ in groups.add(operations) }
        } _: { database async throws in
            try await withThrowingTaskGroup { group in
                for step in Int64(0)..<600 {
                    let turn = Turn.application(try Self.application(Int(step % 3)))
                    group.addTask {
                        try await database.write(of: turn) { tx throws(ChatError) in try Things.add(step, in: tx) }
                    }
                }
                try await group.waitForAll()
            }

            #expect(groups.all.reduce(0, +) == 600)
            #expect(groups.all.count < 300)
        }
    }
}

extension Database {
    /// How many transactions of this schema wait for a turn, or for a row of the things.
    fileprivate func waitingWriters() async throws(ChatError) -> Int64? {
        try await read { tx throws(ChatError) in
            try tx.row(
                """
                SELECT count(*) FROM pg_locks AS waiting WHERE NOT granted
                    AND (locktype = 'advisory' AND classid = current_schema()::regnamespace::oid
                        OR EXISTS (SELECT 1 FROM pg_locks AS held WHERE held.pid = waiting.pid AND held.granted
                            AND held.relation = 'things'::regclass))
                """
            )?.integer(0)
        }
    }
}

extension Submission {
    func count(in database: any Database, _ turn: Turn) async throws(ChatError) -> Int64? {
        noteCall()
        return try await database.write(of: turn) { tx throws(ChatError) in try Things.count(in: tx) }
    }
}
