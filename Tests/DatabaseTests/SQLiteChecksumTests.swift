import ChatProtocol
import Database
import DatabaseSQLite
import FoundationEssentials
import RostrumTesting
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Checksums of pages: what a disk has damaged is told and never served.
@Suite struct SQLiteChecksumTests {
    private static let page = 4096

    /// The path of a closed database with things of more than a page each, and how many pages it has.
    private func withFile(_ body: (_ path: String, _ pages: Int) async throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/data.sqlite"
            let database = try SQLiteDatabase(path: path)
            try await database.migrate(Things.migrations)
            for id in Int64(1)...20 { try await database.addThing(id, String(repeating: "x", count: 6000)) }
            #expect(database.hasChecksums)
            await database.close()
            try await body(path, try Data(contentsOf: URL(filePath: path)).count / Self.page)
        }
    }

    private func change(_ path: String, _ body: (inout Data) -> Void) throws {
        var bytes = try Data(contentsOf: URL(filePath: path))
        body(&bytes)
        try bytes.write(to: URL(filePath: path))
    }

    /// Changes one bit of the log of an open database, in the middle of the first text that is all of this letter.
    private func flipBit(ofLog path: String, in letter: Character) throws {
        let log = try Data(contentsOf: URL(filePath: path + "-wal"))
        let text = try #require(log.firstRange(of: Data(String(repeating: letter, count: 3000).utf8)))
        let file = open(path + "-wal", O_RDWR)
        defer { close(file) }
        var byte = log[text.lowerBound + 1500] ^ 1
        try #require(pwrite(file, &byte, 1, text.lowerBound + 1500) == 1)
    }

    /// What is told when everything is read.
    private func fault(reading path: String) async throws -> DatabaseError? {
        let error = await refusal {
            let database = try SQLiteDatabase(path: path)
            let error = await refusal {
                _ = try await database.newestMigration()
                _ = try await database.thingIDs()
                _ = try await names(database)
            }
            await database.close()
            if let error { throw error }
        }
        return try error.map { try #require($0.cause as? DatabaseError) }
    }

    private func names(_ database: any Database) async throws(ChatError) -> [String] {
        try await database.read { tx throws(ChatError) in
            try tx.rows("SELECT name FROM things ORDER BY id").map { row throws(ChatError) in try row.text(0) }
        }
    }

    @Test("a flipped bit is told with its file and page, in whatever page it is")
    func flippedBit() async throws {
        try await withFile { path, pages in
            // Those between hold what migrations remember, of which not everything is read here.
            for number in [1] + Array(6...pages) {
                for place in [100, 2048, Self.page - 20, Self.page - 1] {
                    let position = (number - 1) * Self.page + place
                    try change(path) { $0[position] ^= 8 }

                    let fault = try #require(try await fault(reading: path), "page \(number), byte \(place)")
                    #expect(fault.kind == .corrupt)
                    // The first page is met before there is a connection that could be asked which one it was.
                    let name = number == 1 ? "the file" : "page \(number)"
                    #expect(fault.message.contains("\(path): \(name) is damaged"))
                    try change(path) { $0[position] ^= 8 }
                }
            }
            #expect(try await fault(reading: path) == nil)
        }
    }

    @Test("a flipped bit of the file's header is told, or it is one of a number that tells nothing of the content")
    func flippedHeader() async throws {
        let counters = [24..<28, 40..<44, 92..<100]
        try await withFile { path, _ in
            let whole = try Data(contentsOf: URL(filePath: path))
            for place in 0..<100 {
                // A log that is left has a first page of its own.
                try? FileManager.default.removeItem(atPath: path + "-wal")
                try change(path) {
                    $0 = whole
                    $0[place] ^= 1
                }
                let fault = try await fault(reading: path)

                let isCounter = counters.contains { $0.contains(place) }
                #expect((fault?.kind == .corrupt) != isCounter, "byte \(place): \(fault?.message ?? "nothing")")
            }
        }
    }

    @Test("a page of zeros, another page in its place and one that is torn are told")
    func wrongPages() async throws {
        let (begin, end) = (5 * Self.page, 6 * Self.page)
        for kind in 0..<3 {
            try await withFile { path, _ in
                try change(path) { bytes in
                    let other = Data(bytes[begin - 2 * Self.page..<end - 2 * Self.page])
                    switch kind {
                    case 0: bytes.replaceSubrange(begin..<end, with: Data(count: Self.page))
                    case 1: bytes.replaceSubrange(begin..<end, with: other)
                    default: bytes.replaceSubrange(begin + 512..<end, with: other.dropFirst(512))
                    }
                }

                let fault = try await fault(reading: path)
                #expect(fault?.message.contains("page 6 is damaged") == true)
            }
        }
    }

    @Test("what was found damaged is told of once, nothing is written any more, and what is whole is served")
    func afterDamage() async throws {
        try await withFile { path, _ in
            // The last page of an overflowing text.
            try change(path) { $0[$0.count - 100] ^= 1 }
            let database = try SQLiteDatabase(path: path)
            #expect(try await database.thingIDs().count == 20)
            #expect(database.damage.found == nil)
            try await database.addThing(21)

            let error = await refusal { try await names(database) }

            #expect(error?.storageFault == .corrupt)
            let found = try #require(database.damage.found)
            #expect(found.message.contains("\(path): page"))
            let refused = await refusal { try await database.addThing(22) }
            #expect(refused?.storageFault == .corrupt)
            #expect((refused?.cause as? DatabaseError)?.message.contains(found.message) == true)
            #expect(try await database.thingIDs() == Array(1...21))
            await database.close()
        }
    }

    @Test("who reads together with one that meets damage is served")
    func companions() async throws {
        try await withFile { path, _ in
            try change(path) { $0[$0.count - 100] ^= 1 }
            var configuration = SQLiteDatabase.Configuration()
            configuration.readers = 1
            let (database, held) = (try SQLiteDatabase(path: path, configuration: configuration), HeldTransaction())
            async let first: Void = database.read { _ throws(ChatError) in held.hold() }
            await held.waitUntilBegun()

            let answers = Mutex<[Result<Int64?, ChatError>]>([])
            for column in ["id", "max(name)", "id", "id"] {
                database.enqueue(
                    ReadOperation { tx in
                        let answer = Result { () throws(ChatError) in
                            _ = try tx.row(SQL(stringLiteral: "SELECT \(column) FROM things WHERE id = 20"))
                            return try Things.count(in: tx)
                        }
                        answers.withLock { $0.append(answer) }
                    } refuse: { error in
                        answers.withLock { $0.append(.failure(error)) }
                    }
                )
            }
            held.goOn()

            try await first
            await database.close()
            let told = answers.withLock { $0 }
            #expect(told.map { try? $0.get() } == [20, nil, 20, 20])
            #expect(told.compactMap(\.failure).map(\.storageFault) == [.corrupt])
        }
    }

    @Test("a bit that flips in the log of an open database is told when it is read")
    func flippedBitOfLog() async throws {
        try await withFile { path, _ in
            let writing = try SQLiteDatabase(path: path)
            try await writing.addThing(21, String(repeating: "y", count: 9000))
            try flipBit(ofLog: path, in: "y")

            let fault = try await fault(reading: path)

            #expect(fault?.kind == .corrupt)
            #expect(fault?.message.contains("\(path)-wal: frame") == true)
            await writing.close()
        }
    }

    @Test("damage that SQLite meets when it moves pages from the log after a commit is told")
    func checkpoint() async throws {
        try await withFile { path, _ in
            var configuration = SQLiteDatabase.Configuration()
            configuration.checkpointPages = 40
            let database = try SQLiteDatabase(path: path, configuration: configuration)
            try await database.addThing(21, String(repeating: "y", count: 9000))
            try flipBit(ofLog: path, in: "y")
            for id in Int64(22)...32 {
                _ = await refusal { try await database.addThing(id, String(repeating: "z", count: 9000)) }
            }

            #expect(database.damage.found?.message.contains("\(path)-wal: frame") == true)
            #expect(await refusal { try await database.addThing(30) }?.storageFault == .corrupt)
            await database.close()
        }
    }
}

extension Result {
    fileprivate var failure: Failure? {
        if case .failure(let error) = self { error } else { nil }
    }
}
