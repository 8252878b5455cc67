import Chat
import ChatProtocol
import EventBus
import NIOCore
import Synchronization

/// Finds out, with the other nodes, which sessions of a user are more than he may have.
///
/// When a session opens, its node tells the user's other nodes, and each tells all what it has. So every node comes to
/// know the same sessions and ends those of its own that are in excess: the oldest, in an order that is the same
/// everywhere. Nobody decides for anybody else.
final class SessionRounds: Sendable {
    /// How long what was told is taken for the truth, and up to ``pause`` longer.
    static let lifetime = TimeAmount.seconds(5)
    /// Between two looks for what is older: there may be a round for each of the node's users.
    private static let pause = TimeAmount.seconds(1)

    private struct Round {
        let began: NIODeadline
        /// What each other node has.
        var sessions: [Int64: [UserSessions.Session]] = [:]
    }

    private struct State {
        var rounds: [UserSessions.Round: Round] = [:]
        var nextLook = NIODeadline.uptimeNanoseconds(0)

        mutating func forgetOld(at now: NIODeadline) {
            guard now >= nextLook else { return }
            nextLook = now + SessionRounds.pause
            rounds = rounds.filter { now - $0.value.began < SessionRounds.lifetime }
        }
    }

    private let state = Mutex(State())
    private let sessions: SessionRegistry
    private let bus: any EventBus
    /// Tells this node from others.
    private let node: Int64

    init(sessions: SessionRegistry, bus: any EventBus, node: Int64) {
        (self.sessions, self.bus, self.node) = (sessions, bus, node)
    }

    /// A session has opened.
    ///
    /// - Parameter limit: how many its user may have; 0 = no limit.
    func begin(with session: Session, limit: Int64) {
        guard limit > 0 else { return }
        begin(session.account, newest: session.instance, limit: limit, number: session.instance)
    }

    /// Looks again: something may not have been heard.
    func begin(_ account: AccountReference, limit: Int64, number: Int64) {
        guard limit > 0 else { return }
        begin(account, newest: nil, limit: limit, number: number)
    }

    private func begin(_ account: AccountReference, newest: Int64?, limit: Int64, number: Int64) {
        let round = UserSessions.Round(
            application: account.application,
            user: account.user,
            number: number,
            newest: newest,
            limit: limit
        )
        let own = own(round)
        end(own, besides: [], in: round)
        bus.publish(.sessions(UserSessions(round, isQuestion: true, node: node, sessions: own.map(\.entry))))
    }

    private func end(
        _ own: [(session: Session, entry: UserSessions.Session)],
        besides others: [UserSessions.Session],
        in round: UserSessions.Round
    ) {
        let excess = SessionOrder.excess(among: own.map(\.entry) + others, in: round)
        guard !excess.isEmpty else { return }
        for (session, entry) in own where excess.contains(entry) {
            session.hub.eventLoop.execute { session.end(.replaced) }
        }
    }

    /// A node says which sessions it has.
    func hear(_ told: UserSessions) {
        guard told.node != node else { return }
        let own = own(told.round)
        guard !own.isEmpty else { return }
        if told.isQuestion {
            let answer = UserSessions(told.round, isQuestion: false, node: node, sessions: own.map(\.entry))
            bus.publish(.sessions(answer))
        }
        let others = state.withLock { state in
            let now = NIODeadline.now()
            state.forgetOld(at: now)
            state.rounds[told.round, default: Round(began: now)].sessions[told.node] = told.sessions
            return state.rounds[told.round]?.sessions.values.flatMap { $0 } ?? []
        }
        end(own, besides: others, in: told.round)
    }

    private func own(_ round: UserSessions.Round) -> [(session: Session, entry: UserSessions.Session)] {
        sessions.sessions(of: [round.user], in: round.application)
            .filter { $0.isLive.load(ordering: .acquiring) }
            .map { ($0, UserSessions.Session(instance: $0.instance, openedAt: $0.openedAt.load(ordering: .relaxed))) }
    }
}
