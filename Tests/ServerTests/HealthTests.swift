import Chat
import ChatProtocol
import Database
import Logging
import RostrumTesting
import Server
import Synchronization
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

    @Test("a hundred who ask at once, of a storage that is slow, cost one write, and it counts from its end")
    func together() async throws {
        try await StorageEngine.sqlite.withDatabase { sqlite async throws in
            let (database, clock, held) = (CountingDatabase(sqlite), ManualClock(), HeldTransaction())
            let health = Health(
                database: database,
                clock: clock,
                logger: Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
            )
            async let blocking: Void = sqlite.write { _ throws(ChatError) in held.hold() }
            await held.waitUntilBegun()

            let arrivals = Tally()
            let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        arrivals.add()
                        return await health.isReady()
                    }
                }
                try await waitUntil("all have asked") { arrivals.count == 100 }
                clock.advance(seconds: 60)
                held.goOn()
                return try await group.reduce(into: []) { $0.append($1) }
            }

            try await blocking
            #expect(answers.count == 100 && answers.allSatisfy { $0 })
            #expect(database.writes.count == 1)
            clock.advance(milliseconds: 999)
            #expect(await health.isReady())
            #expect(database.writes.count == 1)
            clock.advance(milliseconds: 1)
            #expect(await health.isReady())
            #expect(database.writes.count == 2)
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

/// A database that counts the writes that were asked for.
private final class CountingDatabase: ForwardingDatabase {
    let database: any Database
    let writes = Tally()

    init(_ database: any Database) {
        self.database = database
    }

    func enqueue(_ operation: WriteOperation) {
        writes.add()
        database.enqueue(operation)
    }
}

private final class Tally: Sendable {
    private let number = Atomic(0)

    var count: Int { number.load(ordering: .relaxed) }

    func add() {
        number.add(1, ordering: .relaxed)
    }
}
