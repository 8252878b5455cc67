package import ChatProtocol
import Database

extension Broadcasts {
    /// A page of a channel's history: the newest broadcasts before a key, oldest first.
    ///
    /// Those that are older than `historyDays` are placeholders, swept or not.
    ///
    /// - Parameters:
    ///   - key: exclusive; nil begins with the newest.
    ///   - number: how many are wanted; at most ``largestPage`` are given.
    ///   - withRecalled: whether recalled ones are shown, without their content.
    /// - Throws: 10010 when there is no such channel.
    package func history(
        of id: ChannelID,
        before key: MessageKey?,
        number: Int64,
        withRecalled: Bool,
        of application: Application,
        at now: Timestamp
    ) async throws(ChatError) -> HistoryPage {
        try application.demandChannelService(at: now)
        return try await database.read { tx throws(ChatError) in
            guard let channel = try ChannelTable.find(id, of: application.id, in: tx) else { throw .noSender(id) }
            let request = HistoryRequest(before: key, number: number, shown: withRecalled ? .stored : .present)
            return try page(request, after: 0, of: channel, of: application, at: now, in: tx)
        }
    }

    /// The same for the caller, a user: what was sent since he subscribed.
    ///
    /// - Throws: 130004 when there is no such channel, 131003 when he does not subscribe to it.
    package func ownHistory(
        of id: ChannelID,
        before key: MessageKey?,
        number: Int64,
        withRecalled: Bool,
        for call: Call
    ) async throws(ChatError) -> HistoryPage {
        let (user, application) = (call.caller, call.application)
        try application.demandChannelService(at: call.time)
        return try await database.read { tx throws(ChatError) in
            guard let channel = try ChannelTable.find(id, of: application.id, in: tx) else { throw .noChannel(id) }
            guard let standing = try SubscriptionTable.standing(of: user, in: channel, of: application.id, in: tx)
            else { throw .notSubscribed(id) }
            let request = HistoryRequest(before: key, number: number, shown: withRecalled ? .stored : .present)
            return try page(request, after: standing.joinedSeq, of: channel, of: application, at: call.time, in: tx)
        }
    }

    /// What was sent to a channel, the newest first, whatever became of it.
    ///
    /// Source: none on the wire, whose history has what was stored alone; it is for operators.
    ///
    /// - Parameters:
    ///   - key: exclusive; nil begins with the newest.
    ///   - limit: how many are given at most.
    /// - Throws: 130004 when there is no such channel.
    package func sent(
        to id: ChannelID,
        before key: MessageKey?,
        limit: Int,
        of application: Application,
        at now: Timestamp
    ) async throws(ChatError) -> [SentBroadcast] {
        try application.demandChannelService(at: now)
        return try await database.read { tx throws(ChatError) in
            guard let channel = try ChannelTable.find(id, of: application.id, in: tx) else { throw .noChannel(id) }
            return try BroadcastTable.page(
                of: channel,
                of: application.id,
                after: 0,
                before: key?.seq ?? .max,
                limit: limit,
                .all,
                in: tx
            ).map { stored throws(ChatError) in
                SentBroadcast(kind: stored.kind, broadcast: try broadcast(stored, of: application, at: now))
            }
        }
    }

    /// One broadcast, whatever became of it.
    ///
    /// - Throws: 130004 when there is no such channel, 10030 when it has no such broadcast.
    package func find(
        _ key: MessageKey,
        in id: ChannelID,
        of application: Application,
        at now: Timestamp
    ) async throws(ChatError) -> BroadcastDetails {
        try application.demandChannelService(at: now)
        return try await database.read { tx throws(ChatError) in
            guard let channel = try ChannelTable.find(id, of: application.id, in: tx) else { throw .noChannel(id) }
            guard let stored = try BroadcastTable.find(key.seq, in: channel, of: application.id, tx),
                stored.key == key
            else { throw .noBroadcast(key, in: id) }
            return BroadcastDetails(
                kind: stored.kind,
                sentAt: stored.sentAt,
                broadcast: try broadcast(stored, of: application, at: now),
                recall: try BroadcastTable.recall(of: key.seq, in: channel, of: application.id, tx)
            )
        }
    }

    private struct HistoryRequest {
        let before: MessageKey?
        let number: Int64
        let shown: BroadcastTable.Shown
    }

    /// - Parameter oldest: numbers up to this one are not shown.
    private func page(
        _ request: HistoryRequest,
        after oldest: Int64,
        of channel: OfficialChannel,
        of application: Application,
        at now: Timestamp,
        in tx: any Transaction
    ) throws(ChatError) -> HistoryPage {
        let wanted = Int(min(request.number, Int64(Self.largestPage)))
        // One more than fits tells whether more was asked for than is given.
        let found = try BroadcastTable.page(
            of: channel,
            of: application.id,
            after: oldest,
            before: request.before?.seq ?? .max,
            limit: wanted + 1,
            request.shown,
            in: tx
        )
        let isComplete = request.number <= Int64(Self.largestPage) || found.count <= wanted
        let broadcasts = try found.prefix(wanted).reversed().map { stored throws(ChatError) in
            try broadcast(stored, of: application, at: now)
        }
        return HistoryPage(broadcasts: broadcasts, isComplete: isComplete)
    }

    private func broadcast(
        _ stored: BroadcastTable.Stored,
        of application: Application,
        at now: Timestamp
    ) throws(ChatError) -> Broadcast {
        let content: Broadcast.Content
        if stored.isRecalled {
            content = .recalled
        } else if let json = stored.body, !application.hasExpired(stored.sentAt, at: now) {
            guard let body = MessageBody(stored: json) else {
                throw .internalFault(DatabaseError(.corrupt, "broadcast \(stored.key) has no readable body"))
            }
            content = .message(body, cloudCustomData: stored.cloudCustomData)
        } else {
            content = .expired
        }
        return Broadcast(key: stored.key, random: stored.random, content: content)
    }
}
