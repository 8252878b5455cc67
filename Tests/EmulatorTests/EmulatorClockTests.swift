import Chat
import ChatProtocol
import Database
import Emulator
import RostrumTesting
import Testing

/// The clock that tests move forward (design section 9).
@Suite struct EmulatorClockTests {
    @Test("it runs with the machine's clock, ahead by the sum of all advances")
    func sumOfAdvances() async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let base = ManualClock()
            let clock = try await EmulatorClock(base: base, database: database)
            #expect(clock.now == base.now && clock.secondsAhead == 0)

            #expect(try await clock.advance(bySeconds: 3600) == 3600)
            #expect(try await clock.advance(bySeconds: 0) == 3600)
            #expect(try await clock.advance(bySeconds: 60) == 3660)

            #expect(clock.now == base.now.advanced(bySeconds: 3660))
            base.advance(milliseconds: 250)
            #expect(clock.now == base.now.advanced(bySeconds: 3660))
        }
    }

    @Test("a restart goes on where the storage says, and not back in time")
    func persisted() async throws {
        try await StorageEngine.sqlite.withStorage { storage in
            let base = ManualClock()
            try await storage.withDatabase { database in
                try await database.migrate(Schema.migrations)
                let clock = try await EmulatorClock(base: base, database: database)
                _ = try await clock.advance(bySeconds: 86_400)
            }

            try await storage.withDatabase { database in
                let clock = try await EmulatorClock(base: base, database: database)
                #expect(clock.now == base.now.advanced(bySeconds: 86_400))
                #expect(try await clock.advance(bySeconds: 1) == 86_401)
            }
        }
    }

    @Test(
        "an advance below 0 or past a hundred years changes nothing",
        arguments: [-1, .min, EmulatorClock.furthest + 1, .max]
    )
    func bounds(seconds: Int64) async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let clock = try await EmulatorClock(base: ManualClock(), database: database)
            _ = try await clock.advance(bySeconds: 5)

            #expect(try await clock.advance(bySeconds: seconds) == nil)

            #expect(clock.secondsAhead == 5)
            #expect(try await EmulatorClock(base: ManualClock(), database: database).secondsAhead == 5)
        }
    }

    @Test("the sum stays within a hundred years, to the second")
    func boundOfTheSum() async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let clock = try await EmulatorClock(base: ManualClock(), database: database)

            #expect(try await clock.advance(bySeconds: EmulatorClock.furthest - 1) == EmulatorClock.furthest - 1)
            #expect(try await clock.advance(bySeconds: 2) == nil)
            #expect(try await clock.advance(bySeconds: 1) == EmulatorClock.furthest)
            #expect(try await clock.advance(bySeconds: 1) == nil)
            #expect(clock.now > ManualClock.start)
        }
    }

    /// The first advance commits and hears of it only after the second one was answered.
    @Test("an advance that hears late of its own commit does not take the clock back")
    func lateAnswer() async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let held = HeldDatabase(database)
            let clock = try await EmulatorClock(base: ManualClock(), database: held)

            held.holdNextWrite()
            async let first = clock.advance(bySeconds: 10)
            await held.nextCommit()
            let second = try await clock.advance(bySeconds: 5)
            held.release()

            #expect(try await first == 10)
            #expect(second == 15)
            #expect(clock.secondsAhead == 15)
        }
    }

    @Test("advances at the same moment all count, and what is stored is what is shown")
    func concurrent() async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let clock = try await EmulatorClock(base: ManualClock(), database: database)

            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<50 { group.addTask { _ = try await clock.advance(bySeconds: 1) } }
                try await group.waitForAll()
            }

            #expect(try await EmulatorClock(base: ManualClock(), database: database).secondsAhead == 50)
            #expect(clock.secondsAhead == 50)
        }
    }
}
