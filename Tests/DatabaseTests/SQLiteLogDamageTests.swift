import ChatProtocol
import Database
import DatabaseSQLite
import FoundationEssentials
import RostrumTesting
import Testing

/// Damage to the write-ahead log, which SQLite would take for its end.
@Suite struct SQLiteLogDamageTests {
    private static let frame = 24 + 4096

    /// What a process that is killed after so many transactions leaves behind, with something done to its log.
    private func withLog(
        transactions: Int64 = 20,
        checkpointPages: Int = 1000,
        _ change: (inout Data) -> Void,
        _ body: (_ path: String) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            var configuration = SQLiteDatabase.Configuration()
            configuration.checkpointPages = checkpointPages
            let database = try SQLiteDatabase(path: "\(directory)/data.sqlite", configuration: configuration)
            try await database.migrate(Things.migrations)
            for id in 1...transactions { try await database.addThing(id, String(repeating: "x", count: 6000)) }
            let copy = "\(directory)/copy.sqlite"
            try FileManager.default.copyItem(atPath: "\(directory)/data.sqlite", toPath: copy)
            var log = try Data(contentsOf: URL(filePath: "\(directory)/data.sqlite-wal"))
            await database.close()

            change(&log)
            try log.write(to: URL(filePath: "\(copy)-wal"))
            try await body(copy)
        }
    }

    /// Where the frames end that were written since the log began anew.
    private static func end(of log: Data) -> Int {
        let salts = log.dropFirst(16).prefix(8)
        var end = log.startIndex + 32
        while end + frame <= log.endIndex, log[end + 8..<end + 16].elementsEqual(salts) { end += frame }
        return end
    }

    private func expectRefusal(of path: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let refused = await refusal { try SQLiteDatabase(path: path) }
        let fault = try #require(refused?.cause as? DatabaseError, sourceLocation: sourceLocation)
        #expect(fault.kind == .corrupt, sourceLocation: sourceLocation)
        #expect(fault.message.contains("\(path)-wal: the file is damaged"), sourceLocation: sourceLocation)
    }

    private func things(in path: String) async throws -> [Int64] {
        let database = try SQLiteDatabase(path: path)
        let ids = try await database.thingIDs()
        await database.close()
        return ids
    }

    @Test(
        "a flipped bit before the last transactions is told, wherever it is",
        arguments: [0, 9, 17, 30, 32, 40, 41, 48, 56, 2000, 32 + frame, 32 + 3 * frame + 20, 32 + 5 * frame + 4000]
    )
    func flippedBit(place: Int) async throws {
        try await withLog { log in
            log[log.startIndex + place] ^= 4
        } _: { path in
            try await expectRefusal(of: path)
        }
    }

    @Test("what is told as damaged is left as it was")
    func leftAlone() async throws {
        try await withLog { log in
            log[log.startIndex + 32 + 9 * Self.frame + 100] ^= 1
        } _: { path in
            let before = try Data(contentsOf: URL(filePath: path + "-wal"))
            try await expectRefusal(of: path)
            let left = try Data(contentsOf: URL(filePath: path + "-wal"))
            #expect(left == before)
        }
    }

    @Test("a log that ends in the middle of a transaction is whole up to the one before")
    func cutOff() async throws {
        for missing in [1, 2000, Self.frame, Self.frame + 1] {
            try await withLog { log in
                log.removeLast(missing)
            } _: { path in
                let left = try await things(in: path)
                #expect(left == Array(1...19))
            }
        }
    }

    @Test("a transaction of which some pages never reached the disk is one that was not committed")
    func missingPage() async throws {
        try await withLog { log in
            let last = log.endIndex - 2 * Self.frame
            log.replaceSubrange(last..<last + Self.frame, with: Data(count: Self.frame))
        } _: { path in
            let left = try await things(in: path)
            #expect(left == Array(1...19))
        }
    }

    @Test(
        "a torn transaction at the end is told of once, also where older frames stand behind it",
        arguments: [-frame + 2, -frame + 20, -frame + 24, -1, -2 * frame + 3, -2 * frame + 24, -frame - 1],
        [1000, 12]
    )
    func torn(place: Int, checkpointPages: Int) async throws {
        try await withLog(checkpointPages: checkpointPages) { log in
            let end = Self.end(of: log)
            #expect((end < log.endIndex) == (checkpointPages == 12))
            log[end + place] ^= 4
        } _: { path in
            let first = try SQLiteDatabase(path: path)
            let ids = try await first.thingIDs()
            await first.close()
            let second = try SQLiteDatabase(path: path)
            await second.close()

            #expect(ids == Array(1...19))
            #expect(first.tornLog?.contains("\(path)-wal: what was written last is torn at frame") == true)
            #expect(second.tornLog == nil)
        }
    }

    @Test("of a whole log, one that was cut off, and one whose end cannot be known for one, nothing is told")
    func notTorn() async throws {
        let changes: [@Sendable (inout Data) -> Void] = [
            { _ in }, { $0.removeLast(Self.frame) }, { $0[Self.end(of: $0) - Self.frame + 8] ^= 4 },
        ]
        for change in changes {
            for pages in [1000, 12] {
                try await withLog(checkpointPages: pages, change) { path in
                    let database = try SQLiteDatabase(path: path)
                    await database.close()
                    #expect(database.tornLog == nil)
                }
            }
        }
    }

    @Test("what is left of several crashes, one behind the other, is no damage, and told of as one end that is torn")
    func leftovers() async throws {
        try await withLog { log in
            // Three ends of transactions, none of which follows on the one before it.
            let end = log.suffix(2 * Self.frame)
            for number in UInt8(1)...3 {
                var other = Data(end)
                other[other.startIndex + 16] ^= number
                log.append(other)
            }
        } _: { path in
            let database = try SQLiteDatabase(path: path)
            let left = try await database.thingIDs()
            await database.close()
            #expect(left == Array(1...20))
            #expect(database.tornLog != nil)
        }
    }

    @Test("a damaged log is not left out of a copy without a word", arguments: [32 + 4 * frame + 200, 17])
    func copy(place: Int) async throws {
        try await withLog { log in
            log[log.startIndex + place] ^= 4
        } _: { path in
            let error = #expect(throws: DatabaseError.self) { try SQLiteFile.copy(path, to: path + ".copy") }

            #expect(error?.kind == .corrupt)
            #expect(error?.message.contains("\(path)-wal: the file is damaged") == true)
            #expect(!FileManager.default.fileExists(atPath: path + ".copy"))
        }
    }

    @Test("an empty log and none at all are whole")
    func nothing() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/data.sqlite"
            let database = try SQLiteDatabase(path: path)
            try await database.migrate(Things.migrations)
            await database.close()
            let left = try await things(in: path)
            #expect(left == [])
            try Data().write(to: URL(filePath: path + "-wal"))
            let again = try await things(in: path)
            #expect(again == [])
        }
    }
}
