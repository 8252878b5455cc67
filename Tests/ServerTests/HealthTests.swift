import Chat
import ChatProtocol
import Database
import Logging
import RostrumTesting
import Server
import Testing

/// Whether the server says that it can do its work, and how often it looks.
@Suite struct HealthTests {
    /// A storage that can be made to fail, what judges it, and the clock it goes by.
    private func withHealth(_ body: (Health, FaultyDatabase, ManualClock) async throws -> Void) async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let (faulty, clock) = (FaultyDatabase(database), ManualClock())
            let logger = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
            try await body(Health(database: faulty, clock: clock, logger: logger), faulty, clock)
        }
    }

    /// When the last check wrote.
    private func lastCheck(_ database: any Database) async throws -> String? {
        try await database.read { tx throws(ChatError) in try StorageProperty.readinessProbe.value(in: tx) }
    }

    @Test("a storage that takes a write is ready, and the write is there")
    func ready() async throws {
        try await withHealth { health, database, clock async throws in
            #expect(await health.isReady())
            #expect(try await lastCheck(database) == "\(clock.now.milliseconds)")
        }
    }

    @Test("however many ask, one write a second is made")
    func oneWriteASecond() async throws {
        try await withHealth { health, database, clock in
            let first = "\(clock.now.milliseconds)"
            #expect(await health.isReady())
            clock.advance(milliseconds: 999)
            for _ in 0..<100 { #expect(await health.isReady()) }
            let meanwhile = try await lastCheck(database)

            clock.advance(milliseconds: 1)
            #expect(await health.isReady())

            #expect(meanwhile == first)
            #expect(try await lastCheck(database) == "\(clock.now.milliseconds)")
        }
    }

    @Test("a storage that fails, or works again, is told from a second after the last look on")
    func failure() async throws {
        try await withHealth { health, database, clock in
            #expect(await health.isReady())
            database.fail(with: DatabaseError(.full, "no room"))
            clock.advance(milliseconds: 999)
            #expect(await health.isReady())
            clock.advance(milliseconds: 1)
            #expect(await !health.isReady())

            database.fail(with: nil)
            clock.advance(milliseconds: 999)
            #expect(await !health.isReady())
            clock.advance(milliseconds: 1)
            #expect(await health.isReady())
        }
    }

    @Test("a clock that is set back does not keep an old finding alive")
    func clockSetBack() async throws {
        try await withHealth { health, database, clock in
            #expect(await health.isReady())
            database.fail(with: DatabaseError(.full, "no room"))

            clock.advance(seconds: -86_400)

            #expect(await !health.isReady())
        }
    }
}
