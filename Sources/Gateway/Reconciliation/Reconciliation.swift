import AsyncAlgorithms
import Chat
import ChatProtocol
import EventBus
import Logging
import NIOCore
import Synchronization

/// Compares what this node's sessions have with what the storage says of their users, for what the bus did not bring:
/// kicks, deleted accounts, subscriptions, and sessions that are too many.
///
/// All of them when the bus may have lost something, and otherwise some every second, so that everybody's turn comes
/// once in an interval.
final class Reconciliation: Sendable {
    /// Into how many parts a turn is divided.
    static let parts = 60
    /// Users that are looked up at once.
    static let slice = 100

    /// What is to be done next.
    enum Occasion: Sendable {
        case everybody, someOfThem
    }

    private struct Turn {
        var rest: ArraySlice<AccountReference> = []
        var part = 0
        /// How many parts have been taken.
        var taken = 0
    }

    private let shared: GatewayShared
    private let systems: Systems
    private let interval: Duration
    private let logger: Logger
    private let turn = Mutex(Turn())
    private let gaps = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// - Parameter interval: how long everybody's turn takes when the bus says nothing.
    init(_ shared: GatewayShared, _ systems: Systems, interval: Duration, logger: Logger) {
        (self.shared, self.systems, self.interval, self.logger) = (shared, systems, interval, logger)
        systems.bus.listenForGaps { [gaps] in gaps.continuation.yield() }
    }

    /// When there is something to be done.
    var occasions: some AsyncSequence<Occasion, Never> & Sendable {
        let timer = AsyncTimerSequence(interval: interval / Self.parts, clock: .continuous)
        return merge(timer.map { _ in Occasion.someOfThem }, gaps.stream.map { _ in Occasion.everybody })
    }

    func perform(_ occasion: Occasion) async {
        switch occasion {
        case .everybody: await compare(shared.sessions.accounts[...])
        case .someOfThem: await compare(takePart())
        }
    }

    private func takePart() -> ArraySlice<AccountReference> {
        turn.withLock { turn in
            if turn.taken == 0 {
                turn.rest = shared.sessions.accounts[...]
                turn.part = (turn.rest.count + Self.parts - 1) / Self.parts
            }
            turn.taken = (turn.taken + 1) % Self.parts
            defer { turn.rest = turn.rest.dropFirst(turn.part) }
            return turn.rest.prefix(turn.part)
        }
    }

    private func compare(_ accounts: ArraySlice<AccountReference>) async {
        guard !accounts.isEmpty else { return }
        await countSessions(of: accounts)
        for difference in await differences(among: accounts) { await settle(difference) }
    }

    // MARK: Finding

    private struct Finding {
        let session: Session
        let difference: SubscriptionDifference
        /// How often its subscriptions had changed before the storage was read.
        let changes: Int
    }

    /// Ends the sessions that should not be there, and says which follow other channels than they should.
    private func differences(among accounts: some Collection<AccountReference>) async -> [Finding] {
        var findings: [Finding] = []
        for (application, accounts) in Dictionary(grouping: accounts, by: \.application) {
            var rest = accounts.map(\.user)[...]
            while !rest.isEmpty {
                findings += await differences(among: Array(rest.prefix(Self.slice)), of: application)
                rest = rest.dropFirst(Self.slice)
            }
        }
        return findings
    }

    private func differences(among users: [UserID], of application: SDKAppID) async -> [Finding] {
        let sessions = shared.sessions.sessions(of: users, in: application)
            .filter { $0.isLive.load(ordering: .acquiring) }
            .map { ($0, $0.subscriptionChanges.load(ordering: .acquiring)) }
        guard !sessions.isEmpty else { return [] }
        do throws(ChatError) {
            let standings = try await shared.turnstile.pass { () throws(ChatError) in
                try await systems.timeline.standings(of: users, in: application)
            }
            var findings: [Finding] = []
            for (_, sessions) in Dictionary(grouping: sessions, by: { ObjectIdentifier($0.0.hub) }) {
                findings += await differences(of: sessions, from: standings)
            }
            return findings
        } catch {
            logger.fault("cannot compare the sessions with the storage", error)
            return []
        }
    }

    /// - Parameter sessions: of one event loop.
    private func differences(
        of sessions: [(Session, Int)],
        from standings: [UserID: Timeline.Standing]
    ) async -> [Finding] {
        guard let hub = sessions.first?.0.hub else { return [] }
        return await withCheckedContinuation { continuation in
            hub.eventLoop.execute {
                var findings: [Finding] = []
                for (session, changes) in sessions {
                    guard let standing = standings[session.account.user] else {
                        session.end(.accountDeleted)
                        continue
                    }
                    if let voidUntil = standing.signaturesVoidUntil, session.token.issuedAt <= voidUntil {
                        session.end(.kicked)
                        continue
                    }
                    let difference = session.difference(from: standing.followed)
                    guard !difference.isEmpty, session.subscriptionChanges.load(ordering: .acquiring) == changes else {
                        continue
                    }
                    findings.append(Finding(session: session, difference: difference, changes: changes))
                }
                continuation.resume(returning: findings)
            }
        }
    }

    // MARK: Settling

    /// Takes a difference away.
    ///
    /// What the bus is just bringing makes none then, and is not told twice.
    private func settle(_ finding: Finding) async {
        let (session, difference) = (finding.session, finding.difference)
        let user = session.account.user
        var events: [SubscriptionEvent] = []
        do throws(ChatError) {
            let heads = try await systems.timeline.heads(of: Array(difference.left))
            for reference in difference.left {
                if heads[reference] == nil {
                    // Everybody who follows it is told that it is gone.
                    shared.rooms.compare([reference], with: [:], in: session.term)
                } else {
                    events.append(SubscriptionEvent(reference, [user], .unsubscribed))
                }
            }
            for reference in difference.missing {
                if let event = try await systems.timeline.subscription(of: user, to: reference) { events.append(event) }
            }
        } catch {
            return logger.fault("cannot read a subscription", error)
        }
        events += difference.discarding.map { SubscriptionEvent($0.reference, [user], .discarding($0.discards)) }
        guard !events.isEmpty else { return }
        let changes = events.map { ($0, Gateway.notification(of: $0)) }
        session.hub.eventLoop.execute {
            // Something has been heard meanwhile; if it was not all, its turn comes again.
            guard session.subscriptionChanges.load(ordering: .acquiring) == finding.changes else { return }
            for (event, notification) in changes { session.settle(event, notification) }
        }
    }

    /// Has the nodes tell each other of users whose sessions may be too many.
    private func countSessions(of accounts: ArraySlice<AccountReference>) async {
        for (id, accounts) in Dictionary(grouping: accounts, by: \.application) {
            // What cannot be found out now is asked in the next turn.
            guard let application = try? await systems.applications.find(id) else { continue }
            let limit = application.limits[.connectionsPerUser]
            for account in accounts { shared.rounds.begin(account, limit: limit, number: systems.random.number()) }
        }
    }
}
