package import ChatProtocol
import Database
package import EventBus

/// What one node's live connections made of a broadcast.
package struct BroadcastDelivery: Sendable, Equatable {
    package let reference: ChannelReference
    /// The broadcast's number.
    package let seq: Int64
    /// Sessions of subscribers that were there.
    package let online: Int64
    /// Sessions to which it was written.
    package let written: Int64
    /// Sessions that read too slowly and were told so instead.
    package let lagging: Int64
    /// From the commit to the last write; without a meaning when nothing was written.
    package let lastWriteMilliseconds: Int64

    package init(
        reference: ChannelReference,
        seq: Int64,
        online: Int64,
        written: Int64,
        lagging: Int64,
        lastWriteMilliseconds: Int64
    ) {
        (self.reference, self.seq) = (reference, seq)
        (self.online, self.written, self.lagging) = (online, written, lagging)
        self.lastWriteMilliseconds = lastWriteMilliseconds
    }
}

/// What became of a broadcast on all nodes together, as far as they have reported.
package struct BroadcastReceipt: Sendable, Equatable {
    package let online: Int64
    package let written: Int64
    package let lagging: Int64
    /// Subscribers who have marked it, or one after it, as read; of those to whom it was sent.
    package let read: Int64
    /// From the commit to the last write anywhere; nil when it was written to no session.
    package let lastWriteMilliseconds: Int64?

    package init(online: Int64, written: Int64, lagging: Int64, read: Int64, lastWriteMilliseconds: Int64?) {
        (self.online, self.written, self.lagging, self.read) = (online, written, lagging, read)
        self.lastWriteMilliseconds = lastWriteMilliseconds
    }
}

/// Who got a broadcast: counted by the nodes' live connections, kept with it.
package struct BroadcastReceipts: Sendable {
    private let database: any Database

    init(database: any Database) {
        self.database = database
    }

    /// Adds what a node has to report to what others did, in one transaction; broadcasts that are gone are left out.
    ///
    /// - Returns: false when nobody knows whether it was added; whoever adds it again may count it twice.
    /// - Throws: when it was not added.
    @discardableResult
    package func add(_ deliveries: [BroadcastDelivery]) async throws(ChatError) -> Bool {
        guard !deliveries.isEmpty else { return true }
        // Sums, which come out the same in whatever order; but two nodes that lock rows in different orders wait for
        // each other.
        let ordered = deliveries.sorted { $0.lockOrder < $1.lockOrder }
        do throws(ChatError) {
            try await database.write(of: .unordered) { tx throws(ChatError) in
                for delivery in ordered { try BroadcastTable.add(delivery, in: tx) }
            }
            return true
        } catch {
            guard (error.cause as? DatabaseError)?.kind == .uncertain else { throw error }
            return false
        }
    }

    /// A broadcast's receipt; one that a "before" webhook dropped has it too, with nothing in it.
    ///
    /// - Throws: 130004 when there is no such channel, 10030 when it has no such broadcast.
    package func find(
        _ key: MessageKey,
        in id: ChannelID,
        of application: Application,
        at now: Timestamp
    ) async throws(ChatError) -> BroadcastReceipt {
        try application.demandChannelService(at: now)
        return try await database.read { tx throws(ChatError) in
            guard let channel = try ChannelTable.find(id, of: application.id, in: tx) else { throw .noChannel(id) }
            guard let receipt = try BroadcastTable.receipt(of: key, in: channel, of: application.id, tx) else {
                throw .noBroadcast(key, in: id)
            }
            return receipt
        }
    }
}

extension BroadcastDelivery {
    /// The same on every node.
    fileprivate var lockOrder: (Int64, String, Int64, Int64) {
        (reference.application.rawValue, reference.channel.rawValue, reference.incarnation, seq)
    }
}

extension ChatError {
    static func noBroadcast(_ key: MessageKey, in id: ChannelID) -> ChatError {
        ChatError(.messageNotFound, "The channel \(id) has no broadcast \(key).")
    }
}
