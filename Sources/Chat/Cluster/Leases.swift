package import ChatProtocol
package import Database
import Synchronization

/// Which of the work that one node does at a time is this node's.
///
/// A node says that it lives by counting up a number in the storage, its beats, every ``interval``. A lease is a row
/// that names a node. It is free when its node is not there, and when its node has not counted for as long as
/// ``NodeWatch/patience``, measured by whoever looks: clocks of machines are never compared.
///
/// A node that cannot say that it lives stops working by itself before anybody else begins (``isCurrent(_:)``). One
/// that was paused in the middle of something does not know, so whatever it writes about the work names the lease's
/// token, in the same transaction, and does nothing when another node has drawn a new one.
///
/// Nothing is balanced: work stays where it was taken up until that node ends.
package final class Leases: Sendable {
    /// Whether other nodes may run on the storage.
    package enum Company: Sendable {
        /// None can: all work is this node's, and the storage is not asked.
        case alone
        case others
    }

    /// How often ``beat()`` is to be called.
    package static let interval = Duration.milliseconds(1500)
    /// How long a node goes by its last beat: less than others wait.
    static let term = NodeWatch.patience - .seconds(1)

    /// Drawn when it starts, so that nobody takes a node for the one that it was before.
    package let node: String
    private let database: any Database
    private let random: any RandomSource
    package let company: Company
    private let now: @Sendable () -> ContinuousClock.Instant
    private let state = Mutex(State())

    private struct State {
        var era = 0
        /// When the last beat began that the storage has.
        var lastBeat: ContinuousClock.Instant?
        var watch = NodeWatch()
        var lapses = 0

        func isCurrent(at now: ContinuousClock.Instant) -> Bool {
            lastBeat.map { now - $0 < Leases.term } ?? false
        }

        /// Lapses because the node could not say in time that it lives; a node that begins has nothing to lose.
        mutating func lose() {
            if lastBeat != nil { lapses += 1 }
            lapse()
        }

        /// What was this node's may be another's now.
        mutating func lapse() {
            (lastBeat, era) = (nil, era + 1)
        }
    }

    /// - Parameter now: the time that passes, whatever day it is.
    package init(
        _ company: Company,
        database: any Database,
        random: any RandomSource,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        (self.company, self.database, self.random, self.now) = (company, database, random, now)
        node = random.hex(bytes: 8)
    }

    /// Says that this node lives, and looks who else does.
    package func beat() async throws(ChatError) {
        guard company == .others else { return }
        let began = now()
        state.withLock { if !$0.isCurrent(at: began) { $0.lose() } }
        let nodes = try await database.write(of: .unordered) { [node] tx throws(ChatError) in
            try LeaseTable.beat(node, in: tx)
            return try LeaseTable.nodes(in: tx)
        }
        let ended = now()
        state.withLock {
            // A beat that took long may have come too late: others may have taken over meanwhile.
            if !$0.isCurrent(at: ended) { $0.lose() }
            $0.lastBeat = began
            $0.watch.see(nodes, at: ended)
        }
    }

    /// Whether the node may work under its leases at this moment, and how often that has ended unasked.
    package var health: Health {
        let moment = now()
        return state.withLock { Health(isCurrent: $0.isCurrent(at: moment), lapses: $0.lapses) }
    }

    package struct Health: Sendable, Equatable {
        package let isCurrent: Bool
        package let lapses: Int

        package init(isCurrent: Bool, lapses: Int) {
            (self.isCurrent, self.lapses) = (isCurrent, lapses)
        }
    }

    /// Leaves all work to the others, at once.
    package func end() async throws(ChatError) {
        guard company == .others else { return }
        state.withLock { $0.lapse() }
        try await database.write(of: .unordered) { [node] tx throws(ChatError) in
            try LeaseTable.forget(node, in: tx)
        }
    }

    /// Forgets nodes that ended without a word.
    package func forgetSilentNodes() async throws(ChatError) {
        let silent = state.withLock { $0.watch.silent }
        guard !silent.isEmpty else { return }
        try await database.write(of: .unordered) { tx throws(ChatError) in
            for (node, beats) in silent { try LeaseTable.forget(node, after: beats, in: tx) }
        }
    }

    /// What this node knows at this moment; to be taken before the storage is read.
    package var view: View {
        let moment = now()
        return state.withLock { state in
            View(
                node: node,
                isAlone: company == .alone,
                isCurrent: state.isCurrent(at: moment),
                era: state.era,
                watch: state.watch
            )
        }
    }

    /// Whether no other node can have begun with the work yet.
    package func isCurrent(_ lease: Lease) -> Bool {
        let moment = now()
        return company == .alone || state.withLock { $0.era == lease.era && $0.isCurrent(at: moment) }
    }

    /// Takes up work that is free, if it still is.
    ///
    /// - Parameter former: who had it.
    /// - Returns: nil when another node was faster, or when the application is gone.
    package func take(_ work: SoleWork, from former: Leaseholder?) async throws(ChatError) -> Lease? {
        let view = view
        guard view.isCurrent else { return nil }
        let token = random.number()
        let isTaken = try await database.write(of: work.turn) { [node] tx throws(ChatError) in
            if case .webhooks(let application) = work, try !ApplicationTable.exists(application, in: tx) {
                return false
            }
            return try LeaseTable.take(work, from: former, for: node, token: token, in: tx)
        }
        return isTaken ? Lease(work: work, token: token, era: view.era) : nil
    }

    /// The lease of a piece of work, which is taken up if it is free; nil when it is another node's.
    package func lease(of work: SoleWork) async throws(ChatError) -> Lease? {
        let view = view
        if view.isAlone { return view.ownLease(of: work) }
        let holder = try await database.read { tx throws(ChatError) in try LeaseTable.holder(of: work, in: tx) }
        return switch view.standing(of: work, heldBy: holder) {
        case .ours(let lease): lease
        case .elsewhere: nil
        case .free: try await take(work, from: holder)
        }
    }
}

extension Leases {
    /// What a node knows of itself and of the others at one moment.
    package struct View: Sendable {
        fileprivate let node: String
        fileprivate let isAlone: Bool
        fileprivate let isCurrent: Bool
        fileprivate let era: Int
        fileprivate let watch: NodeWatch

        package enum Standing: Sendable, Hashable {
            case ours(Lease)
            case elsewhere
            case free
        }

        /// Whose a piece of work is.
        ///
        /// - Parameter holder: as it was read after this view was taken; nil for nobody.
        func standing(of work: SoleWork, heldBy holder: Leaseholder?) -> Standing {
            if isAlone { return .ours(ownLease(of: work)) }
            guard isCurrent else { return .elsewhere }
            guard let holder, let beats = holder.beats else { return .free }
            if holder.node == node { return .ours(Lease(work: work, token: holder.token, era: era)) }
            return watch.isSilent(holder.node, after: beats) ? .free : .elsewhere
        }

        fileprivate func ownLease(of work: SoleWork) -> Lease {
            Lease(work: work, token: nil, era: era)
        }
    }
}
