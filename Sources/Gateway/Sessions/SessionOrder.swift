package import EventBus

/// In which order a user's sessions have to go: the same on every node.
package enum SessionOrder {
    /// The oldest of the sessions, as far as they are too many.
    ///
    /// The order is by time and the same in every round, so that rounds that overlap end the same ones. A session that
    /// has opened just now and whose clock is far behind that of the others is the newest in its own round all the same.
    package static func excess(
        among sessions: [UserSessions.Session],
        in round: UserSessions.Round
    ) -> Set<UserSessions.Session> {
        guard round.limit > 0, sessions.count > round.limit else { return [] }
        let last = sessions.map(\.openedAt).max() ?? 0
        func place(_ session: UserSessions.Session) -> (Int64, Int64) {
            let isBehind = session.instance == round.newest && last > session.openedAt + largestClockDifference
            return (isBehind ? Int64.max : session.openedAt, session.instance)
        }
        let inOrder = sessions.sorted { place($0) < place($1) }
        return Set(inOrder.prefix(inOrder.count - Int(clamping: round.limit)))
    }

    /// By how much clocks of nodes may differ, in milliseconds, before a new session is believed to be the newest.
    private static let largestClockDifference: Int64 = 1000
}
