import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// Nodes that beat, pause, end and come again in any order.
@Suite struct LeasesPropertyTests {
    /// What one node knows, and since when it is paused.
    private struct Node {
        var leases: Leases
        var lease: Lease?
        var sleepsUntil: ContinuousClock.Instant?
        /// Since when it works without a pause.
        var wokeAt: ContinuousClock.Instant
        /// When it is to beat next.
        var nextBeat: ContinuousClock.Instant
    }

    @Test(
        "no two nodes ever take the same work for theirs, and somebody has it whenever a node lived for 10 s",
        arguments: StorageEngine.enabled,
        1...8 as ClosedRange<UInt64>
    )
    func neverTwo(engine: StorageEngine, seed: UInt64) async throws {
        try await engine.withInstallation { installation in
            let (time, dice) = (ManualTime(), SeededRandom(seed: seed))
            func roll(_ sides: UInt8) -> Int { Int(dice.bytes(1)[0] % sides) }
            var made = seed * 1000
            func newNode() -> Node {
                made += 1
                return Node(leases: installation.leases(seed: made, time: time), wokeAt: time.now, nextBeat: time.now)
            }
            var nodes = (0..<3).map { _ in newNode() }
            var isOwned = time.now
            var takeovers = 0

            for step in 0..<1500 {
                time.pass(.milliseconds(100 + 10 * roll(20)))
                for number in nodes.indices {
                    if let end = nodes[number].sleepsUntil {
                        guard time.now >= end else { continue }
                        (nodes[number].sleepsUntil, nodes[number].wokeAt) = (nil, time.now)
                    }
                    if time.now >= nodes[number].nextBeat {
                        try await nodes[number].leases.beat()
                        nodes[number].nextBeat = time.now + Leases.interval
                    }
                    let lease = try await nodes[number].leases.lease(of: .webhooks(.example))
                    if let lease, lease != nodes[number].lease {
                        takeovers += 1
                        nodes[number].lease = lease
                    }
                }

                // Also those that are paused: what they think when they wake up counts.
                let owners = nodes.indices.filter { number in
                    nodes[number].lease.map { nodes[number].leases.isCurrent($0) } ?? false
                }
                try #require(owners.count <= 1, "seed \(seed), step \(step)")
                if !owners.isEmpty { isOwned = time.now }
                let longestAwake = nodes.filter { $0.sleepsUntil == nil }.map(\.wokeAt).min() ?? time.now
                try #require(time.now - max(isOwned, longestAwake) < .seconds(10), "seed \(seed), step \(step)")

                switch roll(100) {
                case 0: nodes[roll(3)] = newNode()
                case 1:
                    let number = roll(3)
                    if nodes[number].sleepsUntil == nil { try await nodes[number].leases.end() }
                    nodes[number] = newNode()
                case 2, 3:
                    nodes[roll(3)].sleepsUntil = time.now + .seconds(1 + roll(30))
                default: break
                }
            }
            #expect(takeovers > 10, "the rounds tried something")
        }
    }
}
