import NIOCore
import NIOPosix
import Synchronization

/// Carries connections from a free port of this machine to a PostgreSQL server, and fails when it is told to.
///
/// What it cuts is closed on both sides, without a word.
package final class PostgresRelay: Sendable {
    private struct State {
        var target: Int
        /// What stands in the answer that is lost next.
        var losesNext: Answer?
        var staysAway = false
        var isAway = false
        /// How many answers to a commit were lost.
        var lostCommits = 0
        var channels: [ObjectIdentifier: any Channel] = [:]
    }

    /// What PostgreSQL answers, as it stands in the bytes.
    package enum Answer: String, Sendable {
        /// A transaction was committed.
        case committed = "COMMIT\0"
        /// It is at a transaction still, for whoever asks what became of that.
        case underWay = "in progress"
    }

    private let state: Mutex<State>
    private let listener = Mutex<(any Channel)?>(nil)

    /// Runs a relay for the time of `body`.
    package static func with<Value>(
        to server: PostgresServer,
        _ body: (PostgresRelay) async throws -> Value
    ) async throws -> Value {
        let relay = PostgresRelay(to: server.port)
        try await relay.start()
        do {
            let value = try await body(relay)
            await relay.stop()
            return value
        } catch {
            await relay.stop()
            throw error
        }
    }

    private init(to port: Int) {
        state = Mutex(State(target: port))
    }

    private func start() async throws {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { near in self.connect(near) }
            .bind(host: "127.0.0.1", port: 0).get()
        listener.withLock { $0 = channel }
    }

    private func stop() async {
        let listener = listener.withLock { $0 }
        try? await listener?.close()
        cut()
    }

    private var port: Int { listener.withLock { $0?.localAddress?.port ?? 0 } }

    /// The URL of a schema by this way.
    ///
    /// - Parameter url: one that leads to the server itself.
    package func url(of url: String) -> String {
        let path = url.split(separator: "/", maxSplits: 3).last.map(String.init) ?? ""
        return "postgres://postgres@127.0.0.1:\(port)/\(path)"
    }

    /// Lets the next commit happen and cuts its connection before the answer is through.
    ///
    /// - Parameter staysAway: cuts all others as well, and lets nobody through until ``mend()``.
    package func loseNextCommit(staysAway: Bool = false) {
        loseNext(.committed, staysAway: staysAway)
    }

    /// The same for the next answer of a kind.
    package func loseNext(_ answer: Answer, staysAway: Bool) {
        state.withLock { ($0.losesNext, $0.staysAway) = (answer, staysAway) }
    }

    /// How many answers to a commit were lost.
    package var lostCommits: Int { state.withLock { $0.lostCommits } }

    /// Lets everybody through again.
    package func mend() {
        state.withLock { $0.isAway = false }
    }

    /// From now on leads to another server; connections to the one before are cut.
    package func turn(to server: PostgresServer) {
        state.withLock { $0.target = server.port }
        cut()
    }

    /// Cuts every connection.
    ///
    /// - Parameter staysAway: lets no new ones through until ``mend()``.
    package func cut(staysAway: Bool = false) {
        let channels = state.withLock { state in
            defer { state.channels = [:] }
            if staysAway { state.isAway = true }
            return Array(state.channels.values)
        }
        for channel in channels { channel.close(promise: nil) }
    }

    private func connect(_ near: any Channel) -> EventLoopFuture<Void> {
        let target = state.withLock { state -> Int? in
            guard !state.isAway else { return nil }
            state.channels[ObjectIdentifier(near)] = near
            return state.target
        }
        guard let target else { return near.close() }
        near.closeFuture.whenComplete { _ in self.state.withLock { $0.channels[ObjectIdentifier(near)] = nil } }
        return ClientBootstrap(group: near.eventLoop)
            .channelInitializer { far in
                far.eventLoop.makeCompletedFuture {
                    try far.pipeline.syncOperations.addHandler(Passing(to: near, through: self.passes))
                }
            }
            .connect(host: "127.0.0.1", port: target)
            .flatMap { far in
                near.eventLoop.makeCompletedFuture {
                    try near.pipeline.syncOperations.addHandler(Passing(to: far))
                }
            }
            .flatMap { near.setOption(.autoRead, value: true) }
    }

    /// Whether what the server says reaches the client, whose connection ends otherwise.
    private func passes(_ bytes: ByteBuffer) -> Bool {
        let (isLost, staysAway) = state.withLock { state in
            guard let answer = state.losesNext, bytes.readableBytesView.contains(Array(answer.rawValue.utf8)) else {
                return (false, false)
            }
            state.losesNext = nil
            if answer == .committed { state.lostCommits += 1 }
            state.isAway = state.staysAway
            return (true, state.staysAway)
        }
        if staysAway { cut() }
        return !isLost
    }

    /// Gives every byte to another channel, and its end.
    private final class Passing: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let other: any Channel
        private let passes: (ByteBuffer) -> Bool

        init(to other: any Channel, through passes: @escaping (ByteBuffer) -> Bool = { _ in true }) {
            (self.other, self.passes) = (other, passes)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let bytes = unwrapInboundIn(data)
            guard passes(bytes) else { return context.close(promise: nil) }
            other.writeAndFlush(bytes, promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            other.close(promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
