import ChatProtocol
import Database
import DatabaseSQLite
import FoundationEssentials
import RostrumTesting
import Testing

/// What makes "OK" mean "on disk" with SQLite.
@Suite struct SQLiteDurabilityTests {
    @Test("synchronous is FULL, on a new file and on an old one")
    func synchronousIsFull() async throws {
        try await withTemporaryDirectory { directory in
            for _ in 0..<2 {
                let database = try SQLiteDatabase(path: "\(directory)/data.sqlite")
                try await database.migrate(Things.migrations)

                #expect(try database.synchronousLevel() == 2)
                await database.close()
            }
        }
    }

    @Test("synchronous is still FULL after writes, reads and failures")
    func synchronousStaysFull() async throws {
        try await withTemporaryDirectory { directory in
            let database = try SQLiteDatabase(path: "\(directory)/data.sqlite")
            try await database.migrate(Things.migrations)
            try await database.addThing(1)
            _ = await refusal { try await database.addThing(1) }
            _ = try await database.thingIDs()

            let inTransaction = try await database.write { tx throws(ChatError) in
                try tx.row("PRAGMA synchronous")?.integer(0)
            }
            #expect(inTransaction == 2)
            #expect(try database.synchronousLevel() == 2)
            await database.close()
        }
    }

    @Test("the journal is a write-ahead log")
    func journalIsWAL() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/data.sqlite"
            let database = try SQLiteDatabase(path: path)
            try await database.migrate(Things.migrations)

            let mode = try await database.read { tx throws(ChatError) in try tx.row("PRAGMA journal_mode")?.text(0) }
            #expect(mode == "wal")
            #expect(FileManager.default.fileExists(atPath: "\(path)-wal"))
            await database.close()
        }
    }

    @Test("a file that was copied with its log while it was open holds every write that was answered")
    func copyOfAnOpenFile() async throws {
        try await withTemporaryDirectory { directory in
            let database = try SQLiteDatabase(path: "\(directory)/data.sqlite")
            try await database.migrate(Things.migrations)
            for id in Int64(1)...20 { try await database.addThing(id) }

            // What a process that is killed now leaves behind.
            for ending in ["", "-wal"] {
                try FileManager.default.copyItem(
                    atPath: "\(directory)/data.sqlite\(ending)",
                    toPath: "\(directory)/copy.sqlite\(ending)"
                )
            }
            await database.close()

            let copy = try SQLiteDatabase(path: "\(directory)/copy.sqlite")
            #expect(try await copy.thingIDs() == Array(1...20))
            await copy.close()
        }
    }

    @Test("after a clean end the log is empty, and the file alone holds every write")
    func emptyLog() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/data.sqlite"
            let database = try SQLiteDatabase(path: path)
            try await database.migrate(Things.migrations)
            for id in Int64(1)...20 { try await database.addThing(id) }
            #expect(try size(of: path + "-wal") > 0)
            await database.close()

            #expect(try size(of: path + "-wal") == 0)
            try FileManager.default.copyItem(atPath: path, toPath: "\(directory)/copy.sqlite")
            let copy = try SQLiteDatabase(path: "\(directory)/copy.sqlite")
            #expect(try await copy.thingIDs() == Array(1...20))
            await copy.close()
        }
    }

    @Test("who closes does not wait for somebody who reads, and loses nothing")
    func closeBesideAReader() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/data.sqlite"
            let database = try SQLiteDatabase(path: path)
            try await database.migrate(Things.migrations)
            let reader = try PlainSQLite(path)
            try reader.run("BEGIN; SELECT count(*) FROM things")
            try await database.addThing(1)

            let began = ContinuousClock.now
            await database.close()
            #expect(began.duration(to: .now) < .seconds(3))
            #expect(try size(of: path + "-wal") > 0)

            try reader.run("COMMIT")
            let again = try SQLiteDatabase(path: path)
            #expect(try await again.thingIDs() == [1])
            await again.close()
        }
    }

    @Test("once damage was found the log is left as it is")
    func logAfterDamage() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/data.sqlite"
            let database = try SQLiteDatabase(path: path)
            try await database.migrate(Things.migrations)
            try await database.addThing(1)
            database.damage.note(DatabaseError(.corrupt, "page 7 is damaged"))
            let before = try size(of: path + "-wal")
            await database.close()

            #expect(before > 0)
            #expect(try size(of: path + "-wal") == before)
        }
    }

    /// 0 when there is no such file.
    private func size(of path: String) throws -> Int {
        guard FileManager.default.fileExists(atPath: path) else { return 0 }
        return try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    }
}
