import Chat
import ChatProtocol
import RostrumTesting

extension TestInstallation {
    /// A channel to which anna subscribes and bob does not.
    func prepareResume() async throws {
        try await prepareChannel()
        _ = try await subscribe("anna")
    }

    /// What a user is told who says that he has a channel up to there.
    ///
    /// - Parameter epoch: nil for the right one.
    func resume(
        from messageSeq: Int64,
        _ eventSeq: Int64? = nil,
        epoch: String? = nil,
        in id: ChannelID = .news,
        for user: UserID = .anna,
        by timeline: Timeline? = nil
    ) async throws -> ResumeAnswer {
        let meant = if let epoch { epoch } else { try await self.epoch(of: id) }
        let position = Timeline.ClientPosition(
            channel: id,
            epoch: meant,
            messageSeq: messageSeq,
            eventSeq: eventSeq
        )
        return try await resume([position], for: user, by: timeline)[0]
    }

    func resume(
        _ positions: [Timeline.ClientPosition],
        for user: UserID = .anna,
        by timeline: Timeline? = nil
    ) async throws -> [ResumeAnswer] {
        try await (timeline ?? self.timeline).resume(positions, for: user, of: application(), at: clock.now)
    }
}

/// What an answer tells, by numbers.
struct Seen: Equatable {
    let messages: [Int64]
    let revoked: [Int64]
    let hasInfo: Bool

    init(_ messages: [Int64], revoked: [Int64] = [], hasInfo: Bool = false) {
        (self.messages, self.revoked, self.hasInfo) = (messages, revoked, hasInfo)
    }
}

extension ResumeAnswer {
    /// As it goes out.
    var text: String {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    var isReload: Bool { content == .reload }

    var hasMore: Bool {
        if case .missing(let missing) = content { missing.hasMore } else { false }
    }

    /// Nil when it is reload.
    var seen: Seen? {
        guard case .missing = content else { return nil }
        let json = JSONValue(text)
        func numbers(_ name: String) -> [Int64] { json[name]?.items.compactMap { $0["MsgSeq"]?.integer } ?? [] }
        return Seen(numbers("messages"), revoked: numbers("revoked"), hasInfo: json["infoChanged"] != nil)
    }
}
