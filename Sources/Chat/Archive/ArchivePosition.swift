import ChatProtocol
import Database

/// A place in an archive: behind so many lines, of which this was the last.
package struct ArchivePosition: Sendable, Equatable {
    enum Last: Sendable, Equatable {
        case nothing, header, application, end
        case deletedAccount(SQLValue)
        case account(SQLValue)
        case channel(ChannelID)
        /// A subscriber of the channel.
        case subscription(ChannelID, SQLValue)
        case broadcast(ChannelID, SQLValue)
    }

    package private(set) var lines = 0
    private(set) var last = Last.nothing

    package init() {}

    mutating func advance(past line: ArchiveLine) {
        lines += 1
        switch line {
        case .header: last = .header
        case .application: last = .application
        case .end: last = .end
        case .row(let row): last = Last(row) ?? last
        }
    }

    mutating func advancePastDamage() {
        lines += 1
    }
}

extension ArchivePosition.Last {
    fileprivate init?(_ row: ArchivedRow) {
        switch (row.kind.name, row.channel) {
        case (ArchiveKind.deletedAccount.name, _): self = .deletedAccount(row.key)
        case (ArchiveKind.account.name, _): self = .account(row.key)
        case (ArchiveKind.subscription.name, let channel?): self = .subscription(channel, row.key)
        case (ArchiveKind.broadcast.name, let channel?): self = .broadcast(channel, row.key)
        case (ArchiveKind.channel.name, _):
            guard case .text(let text) = row.key, let id = ChannelID(rawValue: text) else { return nil }
            self = .channel(id)
        default: return nil
        }
    }

    /// Kinds in the order in which they stand in the file, and in a channel.
    private var rank: Int {
        switch self {
        case .nothing: 0
        case .header: 1
        case .application: 2
        case .deletedAccount: 3
        case .account: 4
        case .channel, .subscription, .broadcast: 5
        case .end: 6
        }
    }

    /// Whether a row may stand behind it.
    func precedes(_ row: ArchivedRow) -> Bool {
        guard let next = Self(row) else { return false }
        guard rank == next.rank else { return rank < next.rank }
        switch (self, next) {
        case (.deletedAccount(let one), .deletedAccount(let other)), (.account(let one), .account(let other)):
            return one.precedes(other)
        case (.channel(let one), .channel(let other)): return one < other
        case (.subscription(let one, _), .channel(let other)), (.broadcast(let one, _), .channel(let other)):
            return one < other
        case (.channel(let one), .subscription(let other, _)), (.channel(let one), .broadcast(let other, _)),
            (.subscription(let one, _), .broadcast(let other, _)):
            return one == other
        case (.subscription(let one, let user), .subscription(let other, let next)):
            return one == other && user.precedes(next)
        case (.broadcast(let one, let seq), .broadcast(let other, let next)): return one == other && seq.precedes(next)
        default: return false
        }
    }
}

extension SQLValue {
    /// In the order of keys: numbers by size, texts, which are ASCII here, by their bytes.
    fileprivate func precedes(_ other: SQLValue) -> Bool {
        switch (self, other) {
        case (.integer(let one), .integer(let other)): one < other
        case (.text(let one), .text(let other)): one.utf8.lexicographicallyPrecedes(other.utf8)
        default: false
        }
    }
}
