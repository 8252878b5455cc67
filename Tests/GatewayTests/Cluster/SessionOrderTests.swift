import ChatProtocol
import EventBus
import Gateway
import RostrumTesting
import Testing

/// Which sessions are too many: decided alike on every node.
@Suite struct SessionOrderTests {
    private func excess(_ sessions: [(instance: Int64, openedAt: Int64)], newest: Int64?, limit: Int64) -> Set<Int64> {
        let round = UserSessions.Round(
            application: .example,
            user: UserID("anna"),
            number: 1,
            newest: newest,
            limit: limit
        )
        let listed = sessions.map { UserSessions.Session(instance: $0.instance, openedAt: $0.openedAt) }
        return Set(SessionOrder.excess(among: listed, in: round).map(\.instance))
    }

    @Test("the oldest go, and of two of the same moment the one with the smaller number")
    func oldest() {
        let sessions: [(Int64, Int64)] = [(3, 100), (1, 200), (9, 300), (2, 300)]

        #expect(excess(sessions, newest: 9, limit: 4) == [])
        #expect(excess(sessions, newest: 9, limit: 2) == [3, 1])
        #expect(excess(sessions.reversed(), newest: nil, limit: 1) == [3, 1, 2])
    }

    @Test("rounds that overlap end the same sessions")
    func overlapping() {
        let sessions: [(Int64, Int64)] = [(5, 1000), (6, 1010)]

        #expect(excess(sessions, newest: 5, limit: 1) == [5])
        #expect(excess(sessions, newest: 6, limit: 1) == [5])
    }

    @Test("a new session on a node whose clock is far behind is not ended at once")
    func clocks() {
        let sessions: [(Int64, Int64)] = [(5, 60_000), (6, 61_000), (7, 1000)]

        #expect(excess(sessions, newest: 7, limit: 2) == [5])
        #expect(excess(sessions, newest: nil, limit: 2) == [7])
    }
}
