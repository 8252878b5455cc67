import ChatProtocol
import Database

/// A channel of an archive while its lines are read: what they have to keep to, and what they still owe.
///
/// What is refused here no server writes, and one that met it later would answer wrongly or end.
struct ArchivedChannel: Sendable {
    let id: ChannelID
    private let head: Int64
    private let events: Int64
    private let stored: Int64
    /// How often subscriptions changed.
    private let changes: Int64
    private var subscriptionsLeft: Int64
    private var lastSeq: Int64 = 0
    private var lastEvent: Int64 = 0
    private var storedBefore: Int64 = 0

    /// - Parameter row: the channel's own.
    init(_ row: ArchivedRow) throws(ArchiveProblem) {
        guard case .text(let text) = row.key, let id = ChannelID(rawValue: text) else {
            throw ArchiveProblem("ChannelID must be an ID of a channel")
        }
        self.id = id
        (head, events) = (row.number("HeadSeq") ?? 0, row.number("EventSeq") ?? 0)
        (stored, changes) = (row.number("StoredBroadcasts") ?? 0, row.number("SubscriptionHead") ?? 0)
        subscriptionsLeft = row.number("Subscribers") ?? 0
        try demand("ProfileEventSeq", of: row, upTo: ("EventSeq", events))
    }

    /// - Parameter accounts: those that the archive has.
    mutating func takeSubscription(_ row: ArchivedRow, of accounts: ArchivedNames) throws(ArchiveProblem) {
        guard case .text(let user) = row.key, accounts.contains(user) else {
            throw ArchiveProblem("its UserID has no line of an Account")
        }
        guard subscriptionsLeft > 0 else { throw ArchiveProblem("\(id) has more subscriptions than its line says") }
        subscriptionsLeft -= 1
        for member in ["JoinedSeq", "ReadSeq"] { try demand(member, of: row, upTo: ("HeadSeq", head)) }
        for member in ["Position", "Version"] { try demand(member, of: row, upTo: ("SubscriptionHead", changes)) }
    }

    mutating func takeBroadcast(_ row: ArchivedRow) throws(ArchiveProblem) {
        // Every number of a channel has a row.
        guard row.key == .integer(lastSeq + 1), lastSeq < head else {
            throw ArchiveProblem("Seq must be \(lastSeq + 1), and no more than the channel's HeadSeq \(head)")
        }
        lastSeq += 1
        let event = row.number("EventSeq") ?? 0
        guard event > lastEvent else {
            throw ArchiveProblem("EventSeq is \(event), and the one before it had \(lastEvent) already")
        }
        lastEvent = event
        for member in ["EventSeq", "RecallEventSeq"] { try demand(member, of: row, upTo: ("EventSeq", events)) }
        let recall = row.number("RecallEventSeq")
        guard (recall == nil) == (row.number("RecalledAt") == nil) else {
            throw ArchiveProblem("RecalledAt and RecallEventSeq are there together, or neither is")
        }
        guard recall.map({ $0 > event }) ?? true else {
            throw ArchiveProblem("RecallEventSeq is \(recall ?? 0), and it was sent by the event \(event)")
        }
        guard row.number("StoredBefore") == storedBefore else {
            throw ArchiveProblem("StoredBefore must be \(storedBefore)")
        }
        if row.value(of: "State") == .text(BroadcastKind.stored.rawValue) { storedBefore += 1 }
    }

    /// Refuses a channel of which lines are missing.
    func demandWhole() throws(ArchiveProblem) {
        guard subscriptionsLeft == 0 else {
            throw ArchiveProblem("\(id) has \(subscriptionsLeft) subscriptions fewer than its line says")
        }
        guard lastSeq == head else {
            throw ArchiveProblem("\(id) has broadcasts up to \(lastSeq) and says \(head)")
        }
        guard storedBefore == stored else {
            throw ArchiveProblem("\(id) has \(storedBefore) stored broadcasts and says \(stored)")
        }
    }

    private func demand(
        _ member: String,
        of row: ArchivedRow,
        upTo limit: (name: String, value: Int64)
    ) throws(ArchiveProblem) {
        guard let number = row.number(member), number > limit.value else { return }
        throw ArchiveProblem("\(member) is \(number), beyond the channel's \(limit.name) \(limit.value)")
    }
}
