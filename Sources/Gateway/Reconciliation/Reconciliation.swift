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
/// All of them when the bus may have lost something, and otherwise a part of them every second, so that everybody's turn
/// comes once in an interval.
final class Reconciliation: Sendable {
    /// Users that are looked up at once.
    static let slice = 100

    /// What is to be done next.
    enum Occasion: Sendable {
        case everybody, someOfThem
    }

    private let shared: GatewayShared
    private let systems: Systems
    private let interval: Duration
    private let logger: Logger
    /// Whose turn is next.
    private let part = Mutex(0)
    private let gaps = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    /// - Parameter interval: how long everybody's turn takes when the bus says nothing.
    init(_ shared: GatewayShared, _ systems: Systems, interval: Duration, logger: Logger) {
        (self.shared, self.systems, self.interval, self.logger) = (shared, systems, interval, logger)
        systems.bus.listenForGaps { [gaps] in gaps.continuation.yield() }
    }

    /// When there is something to be done.
    var occasions: some AsyncSequence<Occasion, Never> & Sendable {
        let timer = AsyncTimerSequence(interval: interval / SessionRegistry.parts, clock: .continuous)
        return merge(timer.map { _ in Occasion.someOfThem }, gaps.stream.map { _ in Occasion.everybody })
    }

    func perform(_ occasion: Occasion) async {
        switch occasion {
        case .everybody:
            // Part by part, so that the bus carries some of the questions while the storage is asked for the next ones.
            for part in 0..<SessionRegistry.parts { await compare(shared.sessions.accounts(inPart: part)) }
        case .someOfThem:
            await compareSubscriptions(of: shared.doubts.takeAll())
            await compare(takePart())
        }
    }

    /// The accounts whose turn it is.
    ///
    /// An account is always of the same part, so that whoever logs in is looked at within an interval.
    private func takePart() -> [AccountReference] {
        let part = part.withLock { part in
            defer { part = (part + 1) % SessionRegistry.parts }
            return part
        }
        return shared.sessions.accounts(inPart: part)
    }

    private func compare(_ accounts: [AccountReference]) async {
        guard !accounts.isEmpty else { return }
        await countSessions(of: accounts)
        await compareSubscriptions(of: accounts)
    }

    private func compareSubscriptions(of accounts: some Collection<AccountReference>) async {
        await settle(differences(among: accounts))
    }

    // MARK: Finding

    private struct Finding {
        let session: Session
        let channels: Set<ChannelReference>
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
        guard !sessions.isEmpty else { return [] }
        let reading = await HalvedReading(of: users) { users throws(ChatError) in
            try await shared.turnstile.pass { () throws(ChatError) in
                try await systems.timeline.standings(of: users, in: application)
            }
        }
        if let error = reading.error { logger.fault("cannot compare the sessions with the storage", error) }
        let unread = Set(reading.unread)
        // They are compared as soon as that is possible again, whatever the reason was.
        for session in sessions where unread.contains(session.account.user) { shared.doubts.add(session.account) }
        let standings = reading.parts.reduce(into: [:]) { $0.merge($1.found) { first, _ in first } }
        let known = sessions.filter { !unread.contains($0.account.user) }
        var findings: [Finding] = []
        for (_, sessions) in Dictionary(grouping: known, by: { ObjectIdentifier($0.hub) }) {
            findings += await differences(of: sessions, from: standings)
        }
        return findings
    }

    /// - Parameter sessions: of one event loop.
    private func differences(
        of sessions: [Session],
        from standings: [UserID: Timeline.Standing]
    ) async -> [Finding] {
        guard let hub = sessions.first?.hub else { return [] }
        return await withCheckedContinuation { continuation in
            hub.eventLoop.execute {
                var findings: [Finding] = []
                // Whoever is of another term is ended because of that, and is not told that it was for anything else.
                let term = self.shared.rooms.term
                for session in sessions where session.term == term {
                    guard let standing = standings[session.account.user] else {
                        hub.end(CollectionOfOne(session), .accountDeleted)
                        continue
                    }
                    if let voidUntil = standing.signaturesVoidUntil, session.token.issuedAt <= voidUntil {
                        hub.end(CollectionOfOne(session), .kicked)
                        continue
                    }
                    let channels = session.differences(from: standing.followed)
                    if !channels.isEmpty { findings.append(Finding(session: session, channels: channels)) }
                }
                continuation.resume(returning: findings)
            }
        }
    }

    // MARK: Settling

    /// Takes differences away.
    ///
    /// The storage is asked once more: what it says then is told with the number of its change, and the session takes it
    /// only when it is newer than what it has heard. So what the bus brings meanwhile, or later, is not told twice.
    private func settle(_ findings: [Finding]) async {
        var concerned: [Timeline.UserAndChannel: [Session]] = [:]
        for finding in findings {
            for reference in finding.channels {
                let subscription = Timeline.UserAndChannel(user: finding.session.account.user, reference: reference)
                concerned[subscription, default: []].append(finding.session)
            }
        }
        var rest = Array(concerned)[...]
        while !rest.isEmpty {
            await settle(Array(rest.prefix(Self.slice)))
            rest = rest.dropFirst(Self.slice)
        }
    }

    private typealias Concerned = (key: Timeline.UserAndChannel, value: [Session])

    private func settle(_ concerned: [Concerned]) async {
        let term = shared.rooms.term
        let reading = await HalvedReading(of: concerned) { concerned throws(ChatError) in
            try await shared.turnstile.pass { () throws(ChatError) in
                try await systems.timeline.ownSubscriptions(concerned.map(\.key))
            }
        }
        var gone: Set<ChannelReference> = []
        for (concerned, found) in reading.parts {
            for ((subscription, sessions), found) in zip(concerned, found) {
                let reference = subscription.reference
                if case .channelGone = found { gone.insert(reference) }
                let notification = SubscriptionFrame.telling(of: found, in: reference)
                for session in sessions {
                    session.hub.eventLoop.execute { session.settle(reference, found, notification) }
                }
            }
        }
        // Everybody who follows them is told that they are.
        for reference in gone { shared.rooms.end(reference, term) }
        if let error = reading.error { logger.fault("cannot read subscriptions", error) }
        for (_, sessions) in reading.unread { for session in sessions { shared.doubts.add(session.account) } }
    }

    /// Has the nodes tell each other of users whose sessions may be too many.
    private func countSessions(of accounts: [AccountReference]) async {
        for (id, accounts) in Dictionary(grouping: accounts, by: \.application) {
            // What cannot be found out now is asked in the next turn.
            guard let application = try? await systems.applications.find(id) else { continue }
            let limit = application.limits[.connectionsPerUser]
            for account in accounts { shared.rounds.begin(account, limit: limit, number: systems.random.number()) }
        }
    }
}
