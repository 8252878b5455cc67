import RostrumTesting
import Synchronization

/// One thing that a client wants done, and can ask for again.
struct Wish: Hashable, Sendable {
    enum Kind: CaseIterable, Sendable {
        case givenID, generatedID, givenIDWithKey, generatedIDWithKey, account
    }

    let kind: Kind
    /// Unlike every other wish's.
    let name: String

    /// The channel's ID, where the client chooses it.
    var channel: String { "@TOA#_\(name)" }
    var command: String { kind == .account ? Command.importAccount : Command.create }

    var body: String {
        switch kind {
        case .givenID, .givenIDWithKey: Command.creating(channel)
        case .generatedID, .generatedIDWithKey: Command.creating(name: name)
        case .account: #"{"UserID":"\#(name)"}"#
        }
    }

    var idempotencyKey: String? {
        switch kind {
        case .givenIDWithKey, .generatedIDWithKey: "key-\(name)"
        case .givenID, .generatedID, .account: nil
        }
    }
}

/// What clients asked for and what they were told, across crashes.
final class Ledger: Sendable {
    struct Entries {
        /// The channel of each wish that was answered with 0.
        var channels: [Wish: String] = [:]
        var accounts: Set<String> = []
        /// Asked for, and no answer came.
        var doubtful: Set<Wish> = []
        /// Channels of calls that named no ID, carried no key and were not answered: nobody can ask for them again.
        var orphans: Set<String> = []
        /// Answered with another code than 0, which nothing here should be.
        var refused: [String] = []
        var acknowledged = 0
    }

    private let state = Mutex(Entries())

    var entries: Entries { state.withLock { $0 } }

    /// - Returns: how many wishes were answered until now.
    func note(_ wish: Wish, answered reply: CallReply) -> Int {
        state.withLock { entries in
            if reply.ErrorCode != 0 {
                entries.refused.append("\(wish): \(reply.ErrorCode) \(reply.ErrorInfo)")
            } else if let id = reply.OfficialAccountUserID {
                entries.channels[wish] = id
            } else {
                entries.accounts.insert(wish.name)
            }
            entries.doubtful.remove(wish)
            entries.acknowledged += 1
            return entries.acknowledged
        }
    }

    /// Notes a channel that turned out to be there.
    func noteFound(_ wish: Wish, id: String) {
        state.withLock { entries in
            entries.channels[wish] = id
            entries.doubtful.remove(wish)
        }
    }

    func note(orphans: Set<String>) {
        state.withLock { $0.orphans = orphans }
    }

    func noteUnanswered(_ wish: Wish) {
        state.withLock { _ = $0.doubtful.insert(wish) }
    }
}
