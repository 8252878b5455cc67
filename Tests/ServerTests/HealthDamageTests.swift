import Chat
import Database
import Logging
import RostrumTesting
import Testing

@testable import Server

/// What the server says of itself on an engine that only refuses what meets the damage.
@Suite struct HealthDamageTests {
    @Test("where an engine goes on to write, damage is told, and what decides is whether a write succeeds")
    func damageOfAPart() async throws {
        try await StorageEngine.sqlite.withDatabase { sqlite in
            let (faulty, clock) = (FaultyDatabase(sqlite), ManualClock())
            let database = PartlyDamagedDatabase(faulty)
            let logger = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
            let health = Health(
                database: database,
                clock: clock,
                probe: ReadinessProbe(random: SeededRandom()),
                logger: logger
            )
            database.damage.note(DatabaseError(.corrupt, "page 7 is damaged"))

            let ready = await health.report(namesDamage: true)
            #expect(ready.isReady && health.wasReady)
            #expect(ready.text.contains(#""status":"ready","storage":"damaged","damage":"page 7 is damaged""#))
            #expect(await !health.report(namesDamage: false).text.contains("page 7"))

            faulty.fail(with: DatabaseError(.unavailable, "gone"))
            clock.advance(seconds: 1)
            let unready = await health.report(namesDamage: false)
            #expect(!unready.isReady && unready.text.contains(#""status":"unavailable","storage":"damaged""#))
        }
    }
}

/// A database that goes on to write when it has shown damage, as PostgreSQL does.
private final class PartlyDamagedDatabase: ForwardingDatabase {
    let database: any Database
    let damage = StorageDamage()

    init(_ database: any Database) {
        self.database = database
    }
}
