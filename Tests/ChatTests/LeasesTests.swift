import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// Work that one node does at a time: who has it, when it moves, and that no two nodes think that it is theirs.
@Suite struct LeasesTests {
    private static let work = SoleWork.webhooks(.example)

    /// Hands `body` two nodes over one storage, both of which have said that they live.
    private func withTwoNodes(
        _ engine: StorageEngine,
        _ body: (TestInstallation, _ first: Leases, _ second: Leases, ManualTime) async throws -> Void
    ) async throws {
        try await engine.withInstallation { installation in
            try await installation.setWebhooks([.afterCreate])
            _ = try await installation.channels.create(.example(), for: installation.call())
            let time = ManualTime()
            let (first, second) = (installation.leases(seed: 1, time: time), installation.leases(seed: 2, time: time))
            try await first.beat()
            try await second.beat()
            try await body(installation, first, second, time)
        }
    }

    @Test("what one node took up is no other's as long as it lives", arguments: StorageEngine.enabled)
    func held(engine: StorageEngine) async throws {
        try await withTwoNodes(engine) { _, first, second, time in
            let lease = try #require(try await first.lease(of: Self.work))
            #expect(try await first.lease(of: Self.work) == lease)

            for _ in 0..<20 {
                time.pass(Leases.interval)
                try await first.beat()
                try await second.beat()
                #expect(first.isCurrent(lease))
                #expect(try await second.lease(of: Self.work) == nil)
            }
            #expect(try await second.lease(of: .maintenance) != nil, "other work is free all the same")
            #expect(try await second.lease(of: .webhooks(.other)) == nil, "there is no such application")
        }
    }

    @Test(
        "when a node dies another has its work within 10 s, and not before it was given up",
        arguments: StorageEngine.enabled
    )
    func takenOver(engine: StorageEngine) async throws {
        try await withTwoNodes(engine) { installation, first, second, time in
            let lease = try #require(try await first.lease(of: Self.work))
            // The worst moment: right after it was seen to live for the last time.
            time.pass(Leases.interval - .milliseconds(1))
            try await first.beat()
            let death = time.now
            time.pass(.milliseconds(1))

            var taken: Lease?
            while taken == nil, time.now - death < .seconds(20) {
                try await second.beat()
                let wasCurrent = first.isCurrent(lease)
                taken = try await second.lease(of: Self.work)
                #expect(!(wasCurrent && taken != nil))
                if taken == nil { time.pass(Leases.interval) }
            }

            #expect(time.now - death < .seconds(9), "half a second of the ten is the reader's, half of it is spare")
            let ours = try #require(taken)
            #expect(second.isCurrent(ours))
            #expect(try await installation.isValid(ours))
            #expect(try await !installation.isValid(lease))
        }
    }

    @Test("an orderly end leaves the work to the next node at once", arguments: StorageEngine.enabled)
    func ended(engine: StorageEngine) async throws {
        try await withTwoNodes(engine) { installation, first, second, _ in
            let lease = try #require(try await first.lease(of: Self.work))

            try await first.end()

            #expect(!first.isCurrent(lease))
            #expect(try await first.lease(of: Self.work) == nil)
            #expect(try await second.lease(of: Self.work) != nil)
            #expect(try await !installation.isValid(lease))
        }
    }

    @Test("a node that has not said yet that it lives takes nothing up", arguments: StorageEngine.enabled)
    func unborn(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let leases = installation.leases(seed: 1, time: ManualTime())

            #expect(try await leases.lease(of: Self.work) == nil)
            #expect(try await leases.take(Self.work, from: nil) == nil)
            try await leases.beat()
            #expect(try await leases.lease(of: Self.work) != nil)
        }
    }

    @Test("of nodes that see free work at the same moment one gets it", arguments: StorageEngine.enabled)
    func race(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let time = ManualTime()
            for round in 0..<20 as Range<UInt64> {
                let nodes = (1...4).map { installation.leases(seed: round * 4 + $0, time: time) }
                for node in nodes { try await node.beat() }
                let winners = try await withThrowingTaskGroup(of: Leases?.self) { group in
                    for node in nodes {
                        group.addTask { try await node.lease(of: Self.work) == nil ? nil : node }
                    }
                    return try await group.reduce(into: []) { $0 += $1.map { [$0] } ?? [] }
                }
                #expect(winners.count == 1, "round \(round)")
                // It was nobody's in the first round, and of one that ended in the others.
                for winner in winners { try await winner.end() }
            }
        }
    }

    // Pauses.

    @Test(
        "a node that was paused gives up what it had, and does nothing to what its successor has",
        arguments: StorageEngine.enabled
    )
    func paused(engine: StorageEngine) async throws {
        try await withTwoNodes(engine) { installation, first, second, time in
            let lease = try #require(try await first.lease(of: Self.work))
            for _ in 0..<14 {
                time.pass(Leases.interval)
                try await second.beat()
                if try await second.lease(of: Self.work) != nil { break }
            }

            // It wakes up: before its next beat, and after it.
            #expect(!first.isCurrent(lease))
            #expect(try await first.lease(of: Self.work) == nil)
            try await first.beat()
            #expect(!first.isCurrent(lease))
            #expect(try await first.lease(of: Self.work) == nil)
            #expect(try await !installation.isValid(lease))
        }
    }

    @Test("a node that was paused and that nobody stood in for goes on", arguments: StorageEngine.enabled)
    func nobodyCame(engine: StorageEngine) async throws {
        try await withTwoNodes(engine) { installation, first, second, time in
            let lease = try #require(try await first.lease(of: Self.work))
            time.pass(.seconds(20))
            // Another one has swept its name away, but not taken its work.
            try await installation.execute("DELETE FROM nodes WHERE node = \(first.node)")

            try await first.beat()

            #expect(!first.isCurrent(lease), "nobody may go on in the middle of something")
            let again = try #require(try await first.lease(of: Self.work))
            #expect(first.isCurrent(again))
            #expect(try await second.lease(of: Self.work) == nil)
        }
    }

    @Test("a pause between asking the storage and its answer counts as one", arguments: StorageEngine.enabled)
    func pausedInTheMiddle(engine: StorageEngine) async throws {
        try await withTwoNodes(engine) { installation, first, second, time in
            let lease = try #require(try await first.lease(of: Self.work))
            let held = HeldTransaction()
            async let blocking: Void = installation.database.write { _ throws(ChatError) in held.hold() }
            await held.waitUntilBegun()
            async let beat: Void = first.beat()
            for _ in 0..<1000 { await Task.yield() }
            time.pass(.seconds(20))
            held.goOn()
            try await blocking
            try await beat

            #expect(!first.isCurrent(lease), "the beat is as old as its beginning")
            try await first.beat()
            #expect(!first.isCurrent(lease))
            _ = second
        }
    }

    @Test("who was away itself does not take others for dead", arguments: StorageEngine.enabled)
    func watcherAway(engine: StorageEngine) async throws {
        try await withTwoNodes(engine) { _, first, second, time in
            _ = try await first.lease(of: Self.work)
            // Neither reached the storage for a while, and the second one is the first to reach it again.
            time.pass(.seconds(30))
            try await second.beat()
            #expect(try await second.lease(of: Self.work) == nil)
            try await first.beat()
            time.pass(Leases.interval)
            try await second.beat()
            #expect(try await second.lease(of: Self.work) == nil)
            #expect(try await first.lease(of: Self.work) != nil)
        }
    }

    // What is left behind.

    @Test(
        "nodes that ended without a word are forgotten, and are there again when they wake up",
        arguments: StorageEngine.enabled
    )
    func forgotten(engine: StorageEngine) async throws {
        try await withTwoNodes(engine) { installation, first, second, time in
            try await second.forgetSilentNodes()
            #expect(try await installation.nodes() == [first.node, second.node])
            for _ in 0..<5 {
                time.pass(Leases.interval)
                try await second.beat()
            }

            try await second.forgetSilentNodes()
            #expect(try await installation.nodes() == [second.node])
            try await first.beat()
            #expect(try await installation.nodes() == [first.node, second.node])
        }
    }

    @Test("a lease of a node that is forgotten is free", arguments: StorageEngine.enabled)
    func orphaned(engine: StorageEngine) async throws {
        try await withTwoNodes(engine) { installation, first, second, _ in
            _ = try #require(try await first.lease(of: Self.work))
            try await installation.execute("DELETE FROM nodes WHERE node = \(first.node)")
            #expect(try await second.lease(of: Self.work) != nil)
        }
    }

    @Test("a node that nobody can be beside has every lease and asks no storage")
    func alone() async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let faulty = FaultyDatabase(database)
            faulty.fail(with: DatabaseError(.unavailable, "the disk is gone"))
            let leases = Leases(.alone, database: faulty, random: SeededRandom())

            for work in [Self.work, .webhooks(.other), .maintenance] {
                let lease = try #require(try await leases.lease(of: work))
                #expect(leases.isCurrent(lease))
            }
            try await leases.beat()
            try await leases.forgetSilentNodes()
            try await leases.end()
            #expect(faulty.refusedReads == 0 && faulty.refusedWrites == 0)
        }
    }

    @Test(
        "a node that was silent for too long has lost its leases once, and is told so",
        arguments: StorageEngine.enabled
    )
    func lapses(engine: StorageEngine) async throws {
        try await withTwoNodes(engine) { _, first, _, time in
            #expect(first.health == Leases.Health(isCurrent: true, lapses: 0))
            time.pass(.seconds(5))
            #expect(first.health == Leases.Health(isCurrent: false, lapses: 0))
            for _ in 0..<3 { try await first.beat() }
            #expect(first.health == Leases.Health(isCurrent: true, lapses: 1))
            try await first.end()
            #expect(first.health == Leases.Health(isCurrent: false, lapses: 1), "who ends has lost nothing")
        }
    }
}
