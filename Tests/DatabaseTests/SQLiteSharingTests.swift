import ChatProtocol
import Database
import DatabaseSQLite
import RostrumTesting
import Testing

/// One file, several processes: the server and the command line.
@Suite struct SQLiteSharingTests {
    private func withTwo(
        secondWaits seconds: Double,
        _ body: (SQLiteDatabase, SQLiteDatabase) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/data.sqlite"
            let first = try SQLiteDatabase(path: path)
            try await first.migrate(Things.migrations)
            var configuration = SQLiteDatabase.Configuration()
            configuration.busyTimeoutSeconds = seconds
            let second = try SQLiteDatabase(path: path, configuration: configuration)
            do {
                try await body(first, second)
            } catch {
                await first.close()
                await second.close()
                throw error
            }
            await first.close()
            await second.close()
        }
    }

    @Test("a writer waits for another process's lock and then succeeds")
    func secondWriterWaits() async throws {
        try await withTwo(secondWaits: 60) { first, second in
            let (held, submission) = (HeldTransaction(), Submission())
            async let holder: Void = first.write { tx throws(ChatError) in
                try Things.add(1, in: tx)
                held.hold()
            }
            await held.waitUntilBegun()
            async let waiter = submission.write(to: second) { tx throws(ChatError) in
                try Things.add(try Things.count(in: tx) == 1 ? 2 : 404, in: tx)
            }
            await submission.wait(forCalls: 1)
            held.goOn()

            try await holder
            let error = await waiter
            let stored = try await second.thingIDs()
            #expect(error == nil)
            #expect(stored == [1, 2], "the second began after the first had ended")
        }
    }

    @Test("a lock held for longer than the busy timeout is told as busy, and the next write succeeds")
    func busy() async throws {
        try await withTwo(secondWaits: 0.02) { first, second in
            let held = HeldTransaction()
            async let holder: Void = first.write { tx throws(ChatError) in
                try Things.add(1, in: tx)
                held.hold()
            }
            await held.waitUntilBegun()

            let error = await refusal { try await second.addThing(2) }
            let seen = try await second.thingIDs()
            held.goOn()
            try await holder

            #expect(error?.storageFault == .busy)
            #expect(error?.code == .internalFault)
            #expect(seen == [], "reading needs no lock")
            try await second.addThing(3)
            let stored = try await second.thingIDs()
            #expect(stored == [1, 3])
        }
    }

    /// Switching a file to WAL fails at once, whatever the busy timeout, when another opener is at it too.
    @Test("openers that come upon a new file at once all open it")
    func openingTogether() async throws {
        for _ in 0..<300 {
            try await withTemporaryDirectory { directory in
                let path = "\(directory)/data.sqlite"
                let faults = await withTaskGroup(of: DatabaseError?.self) { group in
                    for _ in 0..<4 {
                        group.addTask {
                            await refusal {
                                let database = try SQLiteDatabase(path: path)
                                await database.close()
                            }?.cause as? DatabaseError
                        }
                    }
                    return await group.reduce(into: []) { $0.append($1) }
                }

                #expect(faults.compactMap { $0?.message } == [])
            }
        }
    }

    @Test("closing one opener leaves the other working")
    func closingOne() async throws {
        try await withTwo(secondWaits: 1) { first, second in
            try await first.addThing(1)
            await first.close()

            try await second.addThing(2)
            let stored = try await second.thingIDs()
            #expect(stored == [1, 2])
        }
    }
}
