import ChatProtocol
import Database
import RostrumTesting
import Synchronization
import Testing

/// What every engine promises of `onCommit`: once, after the commit and before the answer, in the order of commits.
@Suite struct CommitActionContractTests {
    private static let refused = ChatError(.parameterInvalid, "No.")

    /// What actions noted, in order.
    private final class Notes: Sendable {
        private let list = Mutex<[String]>([])
        var texts: [String] { list.withLock { $0 } }
        func add(_ text: String) { list.withLock { $0.append(text) } }
    }

    @Test("the actions are done in their order before the caller is answered", arguments: StorageEngine.enabled)
    func beforeTheAnswer(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let notes = Notes()

            let result = try await database.write { tx throws(ChatError) in
                tx.onCommit { notes.add("first") }
                try Things.add(1, in: tx)
                tx.onCommit { notes.add("second") }
                return notes.texts
            }

            #expect(result == [], "not while the transaction runs")
            #expect(notes.texts == ["first", "second"])
        }
    }

    @Test("what an action tells of is durable and seen by a read", arguments: StorageEngine.enabled)
    func afterTheCommit(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let seen = AsyncStream.makeStream(of: [Int64]?.self)

            try await database.write { tx throws(ChatError) in
                try Things.add(1, in: tx)
                tx.onCommit {
                    let read = ReadOperation { tx in
                        seen.continuation.yield(try? Things.ids(in: tx))
                    } refuse: { _ in
                        seen.continuation.yield(nil)
                    }
                    database.enqueue(read)
                }
            }

            var stream = seen.stream.makeAsyncIterator()
            #expect(await stream.next() == [1])
        }
    }

    @Test("a transaction that throws does none, and the next one only its own", arguments: StorageEngine.enabled)
    func notWhenUndone(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let notes = Notes()

            _ = await refusal {
                try await database.write { tx throws(ChatError) in
                    tx.onCommit { notes.add("undone") }
                    throw Self.refused
                }
            }
            #expect(notes.texts == [])
            try await database.write { tx throws(ChatError) in tx.onCommit { notes.add("next") } }

            #expect(notes.texts == ["next"])
        }
    }

    @Test("a transaction that breaks a constraint does none", arguments: StorageEngine.enabled)
    func notWhenBroken(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let notes = Notes()
            try await database.addThing(1)

            let error = await refusal {
                try await database.write { tx throws(ChatError) in
                    tx.onCommit { notes.add("undone") }
                    try Things.add(1, in: tx)
                }
            }

            #expect(error?.storageFault == .constraint)
            #expect(notes.texts == [])
        }
    }

    @Test("a transaction that reads has no commit", arguments: StorageEngine.enabled)
    func notAfterReading(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let notes = Notes()

            try await database.read { tx throws(ChatError) in tx.onCommit { notes.add("read") } }
            try await database.addThing(1)

            #expect(notes.texts == [])
        }
    }

    @Test(
        "of writes that wait together, those that succeed do theirs in the order of the commits",
        arguments: StorageEngine.enabled
    )
    func inCommitOrder(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let notes = Notes()

            let outcomes = await writeTogether(in: database, 1...200) { tx, id throws(ChatError) in
                // Its place in the order of commits, as the storage has it.
                let place = try Things.count(in: tx) ?? 0
                tx.onCommit { notes.add("\(id) begins") }
                try Things.add(id, "\(place)", in: tx)
                tx.onCommit { notes.add("\(id) ends") }
                if id.isMultiple(of: 3) { throw Self.refused }
            }
            let order = try await database.read { tx throws(ChatError) in
                try tx.rows("SELECT id FROM things ORDER BY CAST(name AS BIGINT)").map { row throws(ChatError) in
                    try row.integer(0)
                }
            }

            #expect(outcomes.filter { $0 == nil }.count == 134)
            #expect(order.count == 134)
            #expect(notes.texts == order.flatMap { ["\($0) begins", "\($0) ends"] })
        }
    }

    @Test(
        "whoever is answered has his actions done, and those of all who came before",
        arguments: StorageEngine.enabled
    )
    func answeredInOrder(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let notes = Notes()
            try await database.addThing(0, "0")

            let seen = try await withThrowingTaskGroup(of: (Int, [String]).self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        let number = try await database.write { tx throws(ChatError) in
                            let text = try tx.row("SELECT name FROM things WHERE id = 0")?.text(0) ?? ""
                            let number = (Int(text) ?? 0) + 1
                            try tx.execute("UPDATE things SET name = \("\(number)") WHERE id = 0")
                            tx.onCommit { notes.add("\(number)") }
                            return number
                        }
                        return (number, notes.texts)
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            for (number, texts) in seen {
                #expect(Array(texts.prefix(number)) == (1...number).map { "\($0)" })
            }
        }
    }
}
