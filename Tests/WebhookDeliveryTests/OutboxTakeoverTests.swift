import Chat
import ChatProtocol
import RostrumTesting
import ServiceLifecycle
import Testing
import WebhookDelivery

/// Several nodes over one storage: each event is delivered, in order, whichever of them dies (design section 5).
@Suite("The outbox's readers of several nodes")
struct OutboxTakeoverTests {
    /// A node with a backend of its own, so that it can be told who sent what.
    private struct Node {
        let installation: TestInstallation
        let leases: Leases
        var backend: ScriptedSender { installation.backend }
    }

    /// Hands `body` two nodes that hear nothing of each other and whose clocks are a minute apart.
    private func withTwoNodes(
        _ engine: StorageEngine,
        _ body: (_ first: Node, _ second: Node, ManualTime) async throws -> Void
    ) async throws {
        try await engine.withInstallation { installation in
            try await installation.makeChannel(.news)
            try await installation.setWebhooks()
            let time = ManualTime()
            let skewed = ManualClock(at: installation.clock.now.advanced(bySeconds: 60))
            let other = TestInstallation(database: installation.database, clock: skewed)
            let first = Node(installation: installation, leases: installation.leases(seed: 1, time: time))
            let second = Node(installation: other, leases: other.leases(seed: 2, time: time))
            try await first.leases.beat()
            try await second.leases.beat()
            try await body(first, second, time)
        }
    }

    /// Lets time pass, with the beats of the nodes that live.
    private func pass(_ duration: Duration, _ time: ManualTime, beats: Leases...) async throws {
        var left = duration
        while left > .zero {
            time.pass(Leases.interval)
            left -= Leases.interval
            for leases in beats { try await leases.beat() }
        }
    }

    @Test("while two nodes live one of them delivers, whatever the other one is told", arguments: StorageEngine.enabled)
    func oneReader(engine: StorageEngine) async throws {
        try await withTwoNodes(engine) { first, second, _ in
            try await first.installation.withReader(leases: first.leases) {
                try await first.installation.rename(.news, ["a"])
                try await waitUntil("the first node has it") { first.backend.names(of: .news) == ["a"] }
                try await second.installation.withReader(leases: second.leases) {
                    for name in ["b", "c", "d"] {
                        try await second.installation.rename(.news, [name])
                        try await waitUntil("it is delivered") { try await first.installation.waiting().isEmpty }
                    }
                }
            }
            #expect(first.backend.names(of: .news) == ["a", "b", "c", "d"])
            #expect(second.backend.posts.isEmpty)
        }
    }

    @Test("a node that ends in order leaves its events to the next one at once", arguments: StorageEngine.enabled)
    func orderlyEnd(engine: StorageEngine) async throws {
        try await withTwoNodes(engine) { first, second, _ in
            try await first.installation.withReader(leases: first.leases) {
                try await first.installation.rename(.news, ["a"])
                try await waitUntil("the first node has it") { try await first.installation.waiting().isEmpty }
            }
            try await first.leases.end()

            try await second.installation.withReader(leases: second.leases) {
                try await first.installation.rename(.news, ["b"])
                try await waitUntil("the second node has it") { try await first.installation.waiting().isEmpty }
            }
            #expect(second.backend.names(of: .news) == ["b"])
        }
    }

    @Test(
        "a node that is paused in the middle of a batch has a successor, and does nothing to it when it wakes up",
        arguments: StorageEngine.enabled
    )
    func pausedNode(engine: StorageEngine) async throws {
        try await withTwoNodes(engine) { first, second, time in
            let names = ["a", "b", "c", "d"]
            first.backend.hold { $0.name == "b" }
            try await first.installation.rename(.news, names)
            try await first.installation.withReader(leases: first.leases) {
                // From here on the first node says nothing and its request is under way.
                try await waitUntil("it is in the middle") { first.backend.names(of: .news) == ["a", "b"] }

                try await second.installation.withReader(leases: second.leases) {
                    try await pass(.seconds(3), time, beats: second.leases)
                    #expect(second.backend.posts.isEmpty, "the first one may still live")
                    second.backend.hold { $0.name == "c" }
                    try await pass(.seconds(6), time, beats: second.leases)
                    try await waitUntil("the second node has taken over") { second.backend.posts.count == 3 }

                    // It wakes up: what it was at ends, and it begins nothing.
                    first.backend.release()
                    try await first.installation.rename(.news, ["e"])
                    try await waitUntil("it has been told so") { first.backend.underWay == 0 }
                    try await first.leases.beat()
                    try await second.leases.beat()
                    second.backend.release()
                    try await waitUntil("nothing waits") { try await first.installation.waiting().isEmpty }
                    for name in ["f", "g"] {
                        try await first.installation.rename(.news, [name])
                        try await waitUntil("it is delivered") { try await first.installation.waiting().isEmpty }
                    }
                }
            }

            #expect(first.backend.names(of: .news) == ["a", "b"])
            #expect(second.backend.names(of: .news) == ["a", "b", "c", "d", "e", "f", "g"])
            let ids = first.backend.posts.map(\.delivery)
            #expect(Array(second.backend.posts.map(\.delivery).prefix(2)) == ids, "told again under the same ids")
            let log = try await first.installation.systems.deliveries.log(of: .example, newest: 100)
            #expect(log.count == 7, "what the first one did was not written down beside it")
        }
    }

    @Test("a failure that a paused node comes back with changes nothing", arguments: StorageEngine.enabled)
    func lateFailure(engine: StorageEngine) async throws {
        try await withTwoNodes(engine) { first, second, time in
            try await first.installation.setWebhooks(retry: .off)
            first.backend.hold()
            first.backend.answerAll(with: .timedOut)
            try await first.installation.rename(.news, ["a"])
            try await first.installation.withReader(leases: first.leases) {
                try await waitUntil("it is under way") { first.backend.posts.count == 1 }
                try await second.installation.withReader(leases: second.leases) {
                    second.backend.hold()
                    try await pass(.seconds(9), time, beats: second.leases)
                    try await waitUntil("the second node has taken over") { second.backend.posts.count == 1 }
                    first.backend.release()
                    try await waitUntil("the first one is back") { first.backend.underWay == 0 }
                    second.backend.release()
                    try await waitUntil("nothing waits") { try await first.installation.waiting().isEmpty }
                }
            }
            #expect(try await first.installation.systems.deliveries.deadLetters(of: .example, newest: 10).isEmpty)
        }
    }

    @Test("two nodes share applications, and one of them has all events of each", arguments: StorageEngine.enabled)
    func shared(engine: StorageEngine) async throws {
        try await withTwoNodes(engine) { first, second, _ in
            _ = try await first.installation.applications.create(
                .example(id: .other),
                by: first.installation.operation()
            )
            try await first.installation.makeChannel(.news, of: .other)
            try await first.installation.setWebhooks(of: .other)
            try await first.installation.withReader(leases: first.leases) {
                try await second.installation.withReader(leases: second.leases) {
                    // Who looks first takes it up.
                    try await first.installation.rename(.news, ["a"])
                    try await second.installation.rename(.news, ["b"], of: .other)
                    let backends = [first.backend, second.backend]
                    try await waitUntil("both are delivered") { backends.reduce(0) { $0 + $1.posts.count } == 2 }
                    let holder = backends.first { $0.names(of: .news).contains("a") }
                    try await first.installation.rename(.news, ["c"])
                    try await second.installation.rename(.news, ["d"])
                    try await waitUntil("the rest is delivered where the first was") {
                        holder?.names(of: .news).filter { $0 != "b" } == ["a", "c", "d"]
                    }
                    #expect(backends.reduce(0) { $0 + $1.posts.count } == 4)
                }
            }
        }
    }
}
