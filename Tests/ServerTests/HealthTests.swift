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
    private let probe = ReadinessProbe(random: SeededRandom())

    /// A storage that can be made to fail, what judges it, and the clock it goes by.
    private func withHealth(_ body: (Health, FaultyDatabase, ManualClock) async throws -> Void) async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let (faulty, clock) = (FaultyDatabase(database), ManualClock())
            let logger = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
            try await body(Health(database: faulty, clock: clock, probe: probe, logger: logger), faulty, clock)
        }
    }

    /// When the last check wrote.
    private func lastCheck(_ database: any Database) async throws -> String? {
        try await database.read { [probe] tx throws(ChatError) in try probe.lastWrite(in: tx) }
    }

    @Test("what was found is told without looking, as long as it is not too old")
    func known() async throws {
        try await withHealth { health, database, clock in
            #expect(!health.wasReady, "nobody has looked")
            #expect(await health.isReady())
            clock.advance(milliseconds: 29_999)
            #expect(health.wasReady)
            clock.advance(milliseconds: 1)
            #expect(!health.wasReady, "a check that does not end finds nothing")

            database.fail(with: DatabaseError(.unavailable, "gone"))
            #expect(await !health.isReady())
            #expect(!health.wasReady)
        }
    }

    @Test("a process that hangs in its check keeps no other from its own", arguments: [StorageEngine.postgres])
    func oneHangs(engine: StorageEngine) async throws {
        try await engine.withStorage { storage in
            try await storage.withDatabase { hanging in
                try await hanging.migrate(Schema.migrations)
                let (clock, held) = (ManualClock(), HeldTransaction())
                let other = ReadinessProbe(random: SeededRandom(seed: 7))
                async let blocking: Void = hanging.write(of: .unordered) { [clock] tx throws(ChatError) in
                    try other.write(at: clock.now, in: tx)
                    held.hold()
                }
                await held.waitUntilBegun()

                let isReady = try await storage.withDatabase { database in
                    let logger = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
                    return await Health(database: database, clock: clock, probe: probe, logger: logger).isReady()
                }

                #expect(isReady)
                held.goOn()
                try await blocking
            }
        }
    }

    @Test(
        "rows of processes that wrote nothing for a day are deleted by the first check",
        arguments: StorageEngine.enabled
    )
    func sweeping(engine: StorageEngine) async throws {
        try await engine.withDatabase { database in
            let clock = ManualClock()
            let (gone, living) = (
                ReadinessProbe(random: SeededRandom(seed: 7)), ReadinessProbe(random: SeededRandom(seed: 8))
            )
            let now = clock.now
            try await database.write { tx throws(ChatError) in
                try gone.write(at: now, in: tx)
                try StorageProperty.move.set("1", in: tx)
            }
            clock.advance(seconds: 86_400)
            let later = clock.now
            try await database.write { tx throws(ChatError) in try living.write(at: later, in: tx) }
            clock.advance(milliseconds: 1)
            let logger = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }

            #expect(await Health(database: database, clock: clock, probe: probe, logger: logger).isReady())

            let left = try await database.read { tx throws(ChatError) in
                [try gone.lastWrite(in: tx), try living.lastWrite(in: tx), try StorageProperty.move.value(in: tx)]
            }
            #expect(left == [nil, String(later.milliseconds), "1"])
        }
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
                probe: probe,
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

    @Test("a storage that has shown damage is not ready any more, also when it takes writes again")
    func damage() async throws {
        try await withHealth { health, database, clock in
            #expect(await health.isReady())

            database.damage.note(DatabaseError(.full, "no room"))
            #expect(await health.isReady())
            database.damage.note(DatabaseError(.corrupt, "page 7 is damaged"))

            #expect(await !health.isReady())
            clock.advance(seconds: 3600)
            #expect(await !health.isReady())
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
