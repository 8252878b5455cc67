import ChatProtocol
import Database
import DatabaseSQLite
import FoundationEssentials
import RostrumTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What an operator is told when a file cannot be used.
@Suite struct SQLiteErrorTests {
    private func fault(opening path: String) async -> DatabaseError? {
        await refusal {
            let database = try SQLiteDatabase(path: path)
            await database.close()
        }?.cause as? DatabaseError
    }

    @Test("a directory that is not there is named")
    func missingDirectory() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/missing/data.sqlite"

            let fault = try #require(await fault(opening: path))
            #expect(fault.kind == .unavailable)
            #expect(fault.message.contains(path))
            #expect(fault.message.contains("cannot be opened"))
        }
    }

    @Test("a directory in the file's place is named")
    func directoryInstead() async throws {
        try await withTemporaryDirectory { directory in
            let fault = try #require(await fault(opening: directory))
            #expect(fault.kind == .unavailable)
            #expect(fault.message.contains(directory))
        }
    }

    @Test("a file of something else is told as damaged, and left as it was")
    func garbage() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/data.sqlite"
            let bytes = Data(SeededRandom().bytes(8192))
            try bytes.write(to: URL(filePath: path))

            let fault = try #require(await fault(opening: path))
            #expect(fault.kind == .corrupt)
            #expect(fault.message.contains(path))
            let left = try Data(contentsOf: URL(filePath: path))
            #expect(left == bytes)
        }
    }

    @Test("an empty file is a new storage")
    func emptyFile() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/data.sqlite"
            try Data().write(to: URL(filePath: path))

            let database = try SQLiteDatabase(path: path)
            let steps = try await database.migrate(Things.migrations)
            #expect(steps == 1)
            await database.close()
        }
    }

    @Test("a damaged page is told as damage when it is read")
    func damagedPage() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/data.sqlite"
            let database = try SQLiteDatabase(path: path)
            try await database.migrate(Things.migrations)
            try await database.addThing(1)
            await database.close()
            var bytes = try Data(contentsOf: URL(filePath: path))
            for position in 4096..<bytes.count { bytes[position] = 0xA5 }
            try bytes.write(to: URL(filePath: path))

            let damaged = try SQLiteDatabase(path: path)
            let error = await refusal { try await damaged.thingIDs() }
            await damaged.close()
            #expect(error?.storageFault == .corrupt)
        }
    }

    @Test("a file that may not be written is told as such", .enabled(if: geteuid() != 0, "root may write everything"))
    func readOnlyFile() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/data.sqlite"
            let database = try SQLiteDatabase(path: path)
            try await database.migrate(Things.migrations)
            await database.close()
            chmod(path, 0o444)
            chmod(directory, 0o555)
            defer { chmod(directory, 0o755) }

            let error = await refusal {
                let database = try SQLiteDatabase(path: path)
                let error = await refusal { try await database.addThing(1) }
                await database.close()
                if let error { throw error }
            }
            let fault = try #require(error?.cause as? DatabaseError)
            #expect([.readOnly, .unavailable].contains(fault.kind))
            #expect(fault.message.contains(path))
        }
    }

    @Test("a write where only reading is allowed is told as such")
    func readOnlyConnection() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/data.sqlite"
            let database = try SQLiteDatabase(path: path)
            try await database.migrate(Things.migrations)

            let error = await refusal {
                try await database.write { tx throws(ChatError) in
                    try tx.execute("PRAGMA query_only = ON")
                    try tx.execute("INSERT INTO things (id) VALUES (1)")
                }
            }

            await database.close()
            let fault = try #require(error?.cause as? DatabaseError)
            #expect(fault.kind == .readOnly)
            #expect(fault.message.contains(path) && fault.message.contains("cannot be written"))
        }
    }

    @Test("every fault says to the caller only that the request may be retried")
    func callersLearnNothing() async throws {
        let error = await refusal { _ = try SQLiteDatabase(path: "/nowhere/data.sqlite") }

        #expect(error?.code == .internalFault)
        #expect(error?.info.contains("nowhere") == false)
    }
}
