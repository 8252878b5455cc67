import ChatProtocol
import Database
import RostrumTesting
import Testing

/// What every engine promises of a transaction, whichever database it stands on.
@Suite struct TransactionContractTests {
    private static let refused = ChatError(.parameterInvalid, "No.")

    @Test("a write that returned is seen by every later read", arguments: StorageEngine.enabled)
    func writesAreSeen(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            for id in Int64(1)...20 {
                try await database.addThing(id)

                #expect(try await database.thingIDs() == Array(1...id))
            }
        }
    }

    @Test("a transaction sees its own changes", arguments: StorageEngine.enabled)
    func ownChanges(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let seen = try await database.write { tx throws(ChatError) in
                try Things.add(1, in: tx)
                try Things.add(2, in: tx)
                return try Things.ids(in: tx)
            }

            #expect(seen == [1, 2])
        }
    }

    @Test("a closure that throws leaves nothing, and its error reaches the caller", arguments: StorageEngine.enabled)
    func throwingLeavesNothing(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            try await database.addThing(1)

            let error = await refusal {
                try await database.write { tx throws(ChatError) in
                    try Things.add(2, in: tx)
                    try tx.execute("DELETE FROM things WHERE id = \(1)")
                    throw Self.refused
                }
            }

            #expect(error?.code == .parameterInvalid)
            #expect(error?.info == "No.")
            #expect(try await database.thingIDs() == [1])
        }
    }

    @Test("a closure that throws after creating a table leaves no table", arguments: StorageEngine.enabled)
    func schemaIsTransactional(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            _ = await refusal {
                try await database.write { tx throws(ChatError) in
                    try tx.execute("CREATE TABLE others (id BIGINT PRIMARY KEY)")
                    throw Self.refused
                }
            }

            let error = await refusal {
                try await database.read { tx throws(ChatError) in try tx.rows("SELECT id FROM others") }
            }
            #expect(error?.storageFault == .statement)
        }
    }

    @Test("of many concurrent writes exactly those that return are there", arguments: StorageEngine.enabled)
    func failuresAreIsolated(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let succeeded = await withTaskGroup(of: Int64?.self) { group in
                for id in Int64(1)...300 {
                    group.addTask {
                        let error = await refusal {
                            try await database.write { tx throws(ChatError) in
                                try Things.add(id, in: tx)
                                try Things.add(-id, in: tx)
                                if id.isMultiple(of: 3) { throw Self.refused }
                            }
                        }
                        return error == nil ? id : nil
                    }
                }
                var succeeded: [Int64] = []
                for await id in group { if let id { succeeded.append(id) } }
                return succeeded.sorted()
            }

            #expect(succeeded == (1...300).filter { !$0.isMultiple(of: 3) })
            let stored = try await database.thingIDs()
            #expect(stored == succeeded.reversed().map { -$0 } + succeeded)
        }
    }

    @Test("a write that breaks a constraint does not spoil its neighbours", arguments: StorageEngine.enabled)
    func constraintsAreIsolated(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let faults = await withTaskGroup(of: DatabaseError.Kind?.self) { group in
                for number in Int64(0)..<100 {
                    group.addTask {
                        await refusal { try await database.addThing(number / 2) }?.storageFault
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }

            #expect(faults.filter { $0 == nil }.count == 50)
            #expect(faults.filter { $0 == .constraint }.count == 50)
            let stored = try await database.thingIDs()
            #expect(stored == Array(0..<50))
        }
    }

    @Test("writes happen one after the other: no increment is lost", arguments: StorageEngine.enabled)
    func writesAreSerial(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            try await database.addThing(0)

            try await withThrowingTaskGroup { group in
                for _ in 0..<100 {
                    group.addTask {
                        try await database.write { tx throws(ChatError) in
                            let id = try tx.row("SELECT max(id) FROM things")?.integer(0) ?? 0
                            try tx.execute("UPDATE things SET id = \(id + 1) WHERE id = \(id)")
                        }
                    }
                }
                try await group.waitForAll()
            }

            #expect(try await database.thingIDs() == [100])
        }
    }

    @Test(
        "writes of one application happen one after the other, whoever asks for them",
        arguments: StorageEngine.enabled
    )
    func turns(engine: StorageEngine) async throws {
        try await engine.withStorage { storage in
            try await storage.withDatabase { first in
                try await first.migrate(Things.migrations)
                for id in Int64(1)...3 { try await first.addThing(id, "0") }
                try await storage.withDatabase { second in
                    try await withThrowingTaskGroup { group in
                        for step in Int64(0)..<120 {
                            let (database, id) = (step.isMultiple(of: 2) ? first : second, step / 2 % 3 + 1)
                            group.addTask {
                                try await database.write(of: .application(SDKAppID(id))) { tx throws(ChatError) in
                                    let text = try tx.row("SELECT name FROM things WHERE id = \(id)")?.text(0)
                                    let count = (text.flatMap { Int($0) } ?? 0) + 1
                                    try tx.execute("UPDATE things SET name = \("\(count)") WHERE id = \(id)")
                                }
                            }
                        }
                        try await group.waitForAll()
                    }

                    let counts = try await first.read { tx throws(ChatError) in try tx.rows("SELECT name FROM things") }
                    #expect(counts == Array(repeating: Row([.text("40")]), count: 3))
                }
            }
        }
    }

    @Test("a read sees one state from its first statement to its last", arguments: StorageEngine.enabled)
    func readsAreSnapshots(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            try await database.addThing(1)
            let held = HeldTransaction()

            async let seen = database.read { tx throws(ChatError) in
                let before = try Things.ids(in: tx)
                held.hold()
                return [before, try Things.ids(in: tx)]
            }
            await held.waitUntilBegun()
            try await database.addThing(2)
            held.goOn()

            #expect(try await seen == [[1], [1]])
            #expect(try await database.thingIDs() == [1, 2])
        }
    }

    @Test("a read does not hold up a write, nor a write a read", arguments: StorageEngine.enabled)
    func readsAndWritesDoNotWaitForEachOther(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let held = HeldTransaction()

            async let written: Void = database.write { tx throws(ChatError) in
                try Things.add(1, in: tx)
                held.hold()
            }
            await held.waitUntilBegun()
            #expect(try await database.thingIDs() == [], "a change is not seen before it is committed")
            held.goOn()
            try await written

            #expect(try await database.thingIDs() == [1])
        }
    }

    @Test("concurrent reads never see half of a write", arguments: StorageEngine.enabled)
    func readsAreConsistent(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            try await withThrowingTaskGroup(of: Int64?.self) { group in
                for pair in Int64(1)...50 {
                    group.addTask {
                        try await database.write { tx throws(ChatError) in
                            try Things.add(pair, in: tx)
                            try Things.add(-pair, in: tx)
                        }
                        return nil
                    }
                    group.addTask {
                        try await database.read { tx throws(ChatError) in try Things.count(in: tx) }
                    }
                }
                for try await count in group {
                    if let count { #expect(count.isMultiple(of: 2)) }
                }
            }
        }
    }

    @Test("a read that tries to write is refused and changes nothing", arguments: StorageEngine.enabled)
    func readsDoNotWrite(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let error = await refusal {
                try await database.read { tx throws(ChatError) in try Things.add(1, in: tx) }
            }

            #expect(error?.isInternalFault == true)
            #expect(try await database.thingIDs() == [])
            try await database.addThing(2)
            #expect(try await database.thingIDs() == [2])
        }
    }

    @Test("what was written is there when the storage is opened again", arguments: StorageEngine.enabled)
    func writesSurviveReopening(engine: StorageEngine) async throws {
        try await engine.withStorage { storage in
            try await storage.withDatabase { database in
                try await database.migrate(Things.migrations)
                try await database.addThing(1, "kept")
            }

            try await storage.withDatabase { database in
                let (steps, stored) = (try await database.migrate(Things.migrations), try await database.thingIDs())
                #expect(steps == 0)
                #expect(stored == [1])
            }
        }
    }

    @Test("two openers of one storage see each other's writes", arguments: StorageEngine.enabled)
    func openersShare(engine: StorageEngine) async throws {
        try await engine.withStorage { storage in
            try await storage.withDatabase { first in
                try await first.migrate(Things.migrations)
                try await storage.withDatabase { second in
                    try await first.addThing(1)
                    #expect(try await second.thingIDs() == [1])

                    try await second.addThing(2)
                    #expect(try await first.thingIDs() == [1, 2])
                }
            }
        }
    }

    @Test("two openers that write at once lose nothing", arguments: StorageEngine.enabled)
    func openersTakeTurns(engine: StorageEngine) async throws {
        try await engine.withStorage { storage in
            try await storage.withDatabase { first in
                try await first.migrate(Things.migrations)
                try await storage.withDatabase { second in
                    try await withThrowingTaskGroup { group in
                        for id in Int64(1)...40 {
                            let database = id.isMultiple(of: 2) ? first : second
                            group.addTask { try await database.addThing(id) }
                        }
                        try await group.waitForAll()
                    }

                    #expect(try await first.thingIDs() == Array(1...40))
                }
            }
        }
    }

    @Test("a closed storage refuses every call", arguments: StorageEngine.enabled)
    func closedRefuses(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            await database.close()

            let read = await refusal { try await database.thingIDs() }
            let write = await refusal { try await database.addThing(1) }
            #expect(read?.storageFault == .unavailable)
            #expect(write?.storageFault == .unavailable)
        }
    }

    @Test("closing finishes what was asked for before", arguments: StorageEngine.enabled)
    func closingFinishes(engine: StorageEngine) async throws {
        try await engine.withStorage { storage in
            let database = try storage.open()
            try await database.migrate(Things.migrations)
            let submission = Submission()

            let errors = await withTaskGroup(of: ChatError?.self) { group in
                for id in Int64(1)...50 {
                    group.addTask {
                        await submission.write(to: database) { tx throws(ChatError) in try Things.add(id, in: tx) }
                    }
                }
                await submission.wait(forCalls: 50)
                await database.close()
                return await group.reduce(into: []) { $0.append($1) }
            }

            #expect(errors.allSatisfy { $0 == nil })
            let stored = try await storage.withDatabase { try await $0.thingIDs() }
            #expect(stored == Array(1...50))
        }
    }

    @Test("closing twice, or twice at once, is closing once", arguments: StorageEngine.enabled)
    func closingTwice(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            async let first: Void = database.close()
            async let second: Void = database.close()
            _ = await (first, second)
            await database.close()
        }
    }
}
