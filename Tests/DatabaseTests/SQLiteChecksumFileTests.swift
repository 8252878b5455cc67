import ChatProtocol
import Database
import DatabaseSQLite
import FoundationEssentials
import GRDBSQLite
import RostrumTesting
import Testing

/// Which files have checksums, and whose doing leaves them whole.
@Suite struct SQLiteChecksumFileTests {
    private func things(in path: String) async throws -> (ids: [Int64], hasChecksums: Bool) {
        let database = try SQLiteDatabase(path: path)
        let ids = try await database.thingIDs()
        let (isWhole, hasChecksums) = (try await integrity(database), database.hasChecksums)
        await database.close()
        #expect(isWhole == "ok")
        return (ids, hasChecksums)
    }

    private func integrity(_ database: any Database) async throws -> String? {
        try await database.read { tx throws(ChatError) in try tx.row("PRAGMA integrity_check")?.text(0) }
    }

    /// Copies a database that is open, with its log: what a process that is killed now leaves behind.
    private func copy(_ path: String, to other: String) throws {
        for ending in ["", "-wal"] { try FileManager.default.copyItem(atPath: path + ending, toPath: other + ending) }
    }

    /// A file as the versions made it that knew no checksums.
    private func makeOldFile(_ path: String, things: ClosedRange<Int64>) throws {
        let plain = try PlainSQLite(path)
        try plain.run("PRAGMA journal_mode = WAL; \(Things.migrations[0].statements[0].text)")
        for id in things { try plain.run("INSERT INTO things VALUES (\(id), printf('%.*c', 5000, 'x'), NULL)") }
    }

    @Test("a transaction that outgrows memory is whole after a crash, also when a part of it was undone")
    func outgrowing() async throws {
        try await withTemporaryDirectory { directory in
            let (path, copied) = ("\(directory)/data.sqlite", "\(directory)/copy.sqlite")
            var configuration = SQLiteDatabase.Configuration()
            configuration.writerCacheKibibytes = 64
            let database = try SQLiteDatabase(path: path, configuration: configuration)
            try await database.migrate(Things.migrations)
            try await database.write { tx throws(ChatError) in
                for id in Int64(1)...200 { try Things.add(id, String(repeating: "x", count: 3000), in: tx) }
                try tx.execute("SAVEPOINT part")
                try tx.execute("UPDATE things SET name = 'y' || name")
                try tx.execute("ROLLBACK TO part")
                try tx.execute("RELEASE part")
                try tx.execute("UPDATE things SET name = 'z' || name WHERE id % 3 = 0")
            }
            for id in Int64(201)...203 { try await database.addThing(id) }

            try copy(path, to: copied)
            await database.close()

            let found = try await things(in: copied)
            #expect(found.ids == Array(1...203) && found.hasChecksums)
        }
    }

    @Test("what SQLite's own tools back up, or bring back after a crash, is whole")
    func plainTools() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/data.sqlite"
            let database = try SQLiteDatabase(path: path)
            try await database.migrate(Things.migrations)
            for id in Int64(1)...50 { try await database.addThing(id, String(repeating: "x", count: 6000)) }
            try copy(path, to: "\(directory)/crashed.sqlite")

            try PlainSQLite(path).backUp(to: "\(directory)/backup.sqlite")
            await database.close()
            // Brings the log into the file when it is closed, too.
            try PlainSQLite("\(directory)/crashed.sqlite").run("SELECT count(*) FROM things")

            for name in ["backup", "crashed"] {
                let found = try await things(in: "\(directory)/\(name).sqlite")
                #expect(found.ids == Array(1...50) && found.hasChecksums, "\(name)")
            }
        }
    }

    @Test("who knows nothing of checksums can read a database, and write nothing", arguments: [true, false])
    func programsFromBefore(wasConverted: Bool) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/data.sqlite"
            if wasConverted {
                try makeOldFile(path, things: 1...50)
                #expect(try SQLiteDatabase.addChecksums(to: path))
            } else {
                let database = try SQLiteDatabase(path: path)
                try await database.migrate(Things.migrations)
                for id in Int64(1)...50 { try await database.addThing(id) }
                await database.close()
            }
            let database = try SQLiteDatabase(path: path)
            try await database.addThing(51)
            try copy(path, to: "\(directory)/crashed.sqlite")
            await database.close()

            for name in ["data", "crashed"] {
                let file = "\(directory)/\(name).sqlite"
                do {
                    let plain = try PlainSQLite(file)
                    try plain.run("SELECT count(*) FROM things")
                    for change in [
                        "DELETE FROM things", "CREATE TABLE others (id BIGINT)", "VACUUM", "PRAGMA user_version = 1",
                    ] {
                        #expect(plain.code(of: change) == SQLITE_READONLY, "\(name): \(change)")
                    }
                }
                let found = try await things(in: file)
                #expect(found.ids == Array(1...51) && found.hasChecksums, "\(name)")
            }
        }
    }

    @Test("a file without checksums is opened as it is, and gets them when it is asked for, once")
    func conversion() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/data.sqlite"
            try makeOldFile(path, things: 1...100)
            let before = try await things(in: path)
            #expect(before.ids == Array(1...100) && !before.hasChecksums)

            #expect(try SQLiteDatabase.addChecksums(to: path))
            #expect(try !SQLiteDatabase.addChecksums(to: path))

            let after = try await things(in: path)
            #expect(after.ids == Array(1...100) && after.hasChecksums)
            var bytes = try Data(contentsOf: URL(filePath: path))
            bytes[bytes.count / 2] ^= 1
            try bytes.write(to: URL(filePath: path))
            let database = try SQLiteDatabase(path: path)
            #expect(try await integrity(database) != "ok" || database.damage.found != nil)
            await database.close()
        }
    }

    @Test("who has a file open that gets checksums meanwhile writes them from then on")
    func openMeanwhile() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/data.sqlite"
            try makeOldFile(path, things: 1...100)
            let database = try SQLiteDatabase(path: path)
            #expect(try await database.thingIDs().count == 100)

            #expect(try SQLiteDatabase.addChecksums(to: path))
            for id in Int64(101)...150 { try await database.addThing(id, String(repeating: "x", count: 6000)) }
            #expect(try await database.thingIDs() == Array(1...150))
            #expect(database.damage.found == nil)
            await database.close()

            let found = try await things(in: path)
            #expect(found.ids == Array(1...150) && found.hasChecksums)
        }
    }
}
