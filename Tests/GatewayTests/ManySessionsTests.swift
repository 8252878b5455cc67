import Chat
import ChatProtocol
import EventBus
import Gateway
import MetricsTestKit
import NIOCore
import NIOPosix
import RostrumTesting
import Synchronization
import Testing

/// What happens to many sessions of one event loop in one go.
@Suite(.timeLimit(.minutes(5))) struct ManySessionsTests {
    /// A node with one event loop where so many users follow the news.
    private func withNode(
        _ count: Int,
        _ options: LiveNode.Options = LiveNode.Options(),
        _ body: (LiveNode, [LiveClient]) async throws -> Void
    ) async throws {
        var options = options
        options.loops = 1
        try await StorageEngine.sqlite.withLiveNode(options) { node in
            try await node.createChannel()
            let users = (0..<count).map { "user\($0)" }
            var clients: [LiveClient] = []
            for user in users { clients.append(try await node.login(user)) }
            for start in stride(from: 0, to: count, by: 50) {
                let some = Array(users[start..<min(count, start + 50)])
                _ = try await node.installation.subscribers.add(some, to: .news, for: node.installation.call())
            }
            for client in clients { _ = try await client.next("onOfficialAccountSubscribed") }
            try await body(node, clients)
        }
    }

    /// Looks at a number from an event loop, whenever the loop has finished what was to be done at once.
    private final class Watch: Sendable {
        private struct State {
            var last: Int64 = 0
            var largestStep: Int64 = 0
            var isOver = false
        }

        private let state = Mutex(State())
        private let loop: any EventLoop
        private let number: @Sendable () -> Int64

        init(from loop: any EventLoop, at number: @escaping @Sendable () -> Int64) {
            (self.loop, self.number) = (loop, number)
            loop.execute { self.look() }
        }

        private func look() {
            let isOver = state.withLock { state in
                let now = number()
                state.largestStep = max(state.largestStep, now - state.last)
                state.last = now
                return state.isOver
            }
            // Behind what is to be done by now, and before what that leaves to be done afterwards; by the clock, two parts
            // might be done between two looks.
            if !isOver { loop.execute { self.look() } }
        }

        /// Ends it.
        ///
        /// - Returns: the most that the number grew from one look to the next.
        func stop() -> Int64 {
            state.withLock { state in
                state.isOver = true
                return state.largestStep
            }
        }
    }

    /// Has 150 sessions end, and expects their one event loop to look around between some of them and the next.
    private func expectEndsInSlices(_ body: (LiveNode) async throws -> Void) async throws {
        let metrics = TestMetrics()
        let ends = { @Sendable in metrics.totalValue("rostrum_session_ends", [("code", "4403")]) }
        var options = LiveNode.Options()
        options.metrics = metrics
        options.comparisonInterval = .seconds(3600)
        // Whoever has heard of a change that may be old is compared with the storage every two seconds, all of them at once;
        // the others two or three at a time.
        options.reconciliationInterval = .seconds(120)
        try await withNode(150, options) { node, clients in
            let watch = Watch(from: node.loops.next(), at: ends)
            try await body(node)

            for client in clients { #expect(try await client.end().code == 4403) }
            #expect((1...20).contains(watch.stop()))
            #expect(ends() == 150)
        }
    }

    @Test("sessions that end together let the loop do other things in between")
    func ends() async throws {
        try await expectEndsInSlices { node in
            try await node.installation.applications.empty(.example, by: node.installation.operation())
        }
    }

    @Test("sessions whose end was not heard let the loop do other things in between when it is found")
    func unheardEnds() async throws {
        try await expectEndsInSlices { node in
            let silent = node.installation.anotherNode()
            try await silent.applications.empty(.example, by: silent.operation())
            // They hear of subscriptions of which they know nothing.
            let unknown = ChannelReference(application: .example, channel: .news, incarnation: 7)
            let users = (0..<150).map { UserID("user\($0)") }
            let change = SubscriptionEvent(unknown, users, .discarding(true), version: 99, lineage: 0)
            node.systems.bus.publish(.subscriptions(change))
        }
    }

    @Test("the end of a channel is told once to each of many, and nothing is left of its room")
    func destroyed() async throws {
        var options = LiveNode.Options()
        options.comparisonInterval = .milliseconds(1)
        try await withNode(300, options) { node, clients in
            try await node.destroy()

            try await waitUntil("the room is empty") { node.gateway.census.rooms == 0 }
            for client in clients {
                try await client.call("getOfficialAccountList")
                #expect(client.notifications("onOfficialAccountDeleted").count == 1)
            }
        }
    }
}
