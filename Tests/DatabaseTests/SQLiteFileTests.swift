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

/// A SQLite storage as a file.
@Suite struct SQLiteFileTests {
    private static let tables = Migration(
        1,
        ["CREATE TABLE one (n BIGINT PRIMARY KEY)", "CREATE TABLE two (n BIGINT PRIMARY KEY, filler TEXT)"]
    )

    private func rows(in path: String) async throws -> (one: Int64, two: Int64) {
        let database = try SQLiteDatabase(path: path)
        let rows = try await database.read { tx throws(ChatError) in
            (
                try tx.row("SELECT count(*) FROM one")?.integer(0) ?? -1,
                try tx.row("SELECT count(*) FROM two")?.integer(0) ?? -1
            )
        }
        await database.close()
        return rows
    }

    @Test("a copy is of one moment, and has all that was committed before, whoever writes meanwhile")
    func underWriters() async throws {
        try await withTemporaryDirectory { directory in
            let database = try SQLiteDatabase(path: "\(directory)/source")
            try await database.migrate([Self.tables])
            let writer = EndlessWriter { number in
                try await database.write { tx throws(ChatError) in
                    try tx.execute("INSERT INTO one (n) VALUES (\(number))")
                    try tx.execute(
                        "INSERT INTO two (n, filler) VALUES (\(number), \(String(repeating: "x", count: 2000)))"
                    )
                }
            }
            let writing = Task { try await writer.run() }
            try await waitUntil("there is something to copy") { writer.acknowledged > 200 }

            let before = writer.acknowledged
            var acknowledged: Int64?
            try SQLiteFile.copy("\(directory)/source", to: "\(directory)/copy", pagesPerStep: 1) { _, _ in
                let first = acknowledged ?? writer.acknowledged
                acknowledged = first
                // Until a commit has fallen between the steps; one more may be there that is not acknowledged yet.
                let deadline = ContinuousClock.now + .seconds(10)
                while writer.acknowledged <= first + 1, .now < deadline { usleep(1000) }
            }
            writer.stop()
            try await writing.value
            let after = writer.acknowledged
            await database.close()

            let copied = try await rows(in: "\(directory)/copy")
            #expect(after > before)
            #expect(copied.one == copied.two)
            #expect(copied.one >= before)
            #expect(copied.one < after)
            #expect(try SQLiteFile.damage(in: "\(directory)/copy") == [])
        }
    }

    @Test("pages that did not change are the same in the next copy")
    func samePages() async throws {
        try await withTemporaryDirectory { directory in
            let database = try SQLiteDatabase(path: "\(directory)/source")
            try await database.migrate([Self.tables])
            try await database.write { tx throws(ChatError) in
                for n in 0..<500 {
                    try tx.execute("INSERT INTO two (n, filler) VALUES (\(n), \(String(repeating: "y", count: 2000)))")
                }
            }
            try SQLiteFile.copy("\(directory)/source", to: "\(directory)/first")
            _ = try await database.write { tx throws(ChatError) in try tx.execute("INSERT INTO one (n) VALUES (1)") }
            try SQLiteFile.copy("\(directory)/source", to: "\(directory)/second")
            await database.close()

            let first = try #require(FileManager.default.contents(atPath: "\(directory)/first"))
            let second = try #require(FileManager.default.contents(atPath: "\(directory)/second"))
            let pages = stride(from: 0, to: min(first.count, second.count), by: 4096)
            let changed = pages.filter { first[$0..<($0 + 4096)] != second[$0..<($0 + 4096)] }
            #expect(first != second)
            #expect(first.count / 4096 > 200)
            #expect(changed.count <= 3)
        }
    }

    @Test("damage is found, in the middle of the file as at its beginning", arguments: [40, 4096 * 3 + 1])
    func damage(offset: Int) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/source"
            let database = try SQLiteDatabase(path: path)
            try await database.migrate([Self.tables])
            try await database.write { tx throws(ChatError) in
                for n in 0..<500 {
                    try tx.execute("INSERT INTO two (n, filler) VALUES (\(n), \(String(repeating: "z", count: 2000)))")
                }
            }
            try SQLiteFile.copy(path, to: "\(directory)/copy")
            await database.close()
            #expect(try SQLiteFile.damage(in: "\(directory)/copy") == [])

            var bytes = try #require(FileManager.default.contents(atPath: "\(directory)/copy"))
            for position in offset..<(offset + 64) { bytes[position] ^= 0xFF }
            try bytes.write(to: URL(filePath: "\(directory)/copy"))

            #expect(try !SQLiteFile.damage(in: "\(directory)/copy").isEmpty)
        }
    }

    @Test("what is wrong with the copy is not said of what is copied, and the other way round")
    func whichFile() async throws {
        try await withTemporaryDirectory { directory in
            let (path, target) = ("\(directory)/source", "\(directory)/copy")
            let database = try SQLiteDatabase(path: path)
            try await database.migrate([Self.tables])
            try await database.write { tx throws(ChatError) in
                for n in 0..<50 {
                    try tx.execute("INSERT INTO two (n, filler) VALUES (\(n), \(String(repeating: "z", count: 2000)))")
                }
            }
            await database.close()
            func message(_ target: String) -> String? {
                #expect(throws: DatabaseError.self) { try SQLiteFile.copy(path, to: target) }?.message
            }

            #expect(message("\(directory)/none/copy")?.hasPrefix("\(directory)/none/copy: ") == true)
            try writeFile(target, String(repeating: "no database ", count: 1000))
            #expect(message(target)?.hasPrefix("\(target): ") == true)
            try FileManager.default.removeItem(atPath: target)
            var bytes = try #require(FileManager.default.contents(atPath: path))
            bytes[4096 * 8 + 100] ^= 1
            try bytes.write(to: URL(filePath: path))
            #expect(message(target)?.hasPrefix("\(path): ") == true)
        }
    }

    @Test("a file that is no database is named")
    func noDatabase() async throws {
        try await withTemporaryDirectory { directory in
            try writeFile("\(directory)/text", String(repeating: "no database ", count: 1000))

            let error = #expect(throws: DatabaseError.self) {
                try SQLiteFile.copy("\(directory)/text", to: "\(directory)/copy")
            }
            #expect(error?.kind == .corrupt)
            #expect(error?.message.contains("\(directory)/text") == true)
        }
    }
}
