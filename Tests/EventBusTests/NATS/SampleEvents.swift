import ChatProtocol
import EventBus
import RostrumTesting

/// One event of every kind, and some of each shape.
enum SampleEvents {
    static let reference = ChannelReference(application: .example, channel: .news, incarnation: -77)
    static let position = ChannelPosition(messageSeq: 3, eventSeq: 1 << 62)

    static func post(_ number: Int64, in channel: ChannelID = .news, size: Int = 10) -> Event {
        .channel(
            TimelineEvent(
                ChannelReference(application: .example, channel: channel, incarnation: -77),
                ChannelPosition(messageSeq: number, eventSeq: number),
                ChannelNotification(.message, Array(repeating: UInt8(ascii: "x"), count: size), isStored: true),
                committedAt: 1_767_229_200_123,
                lineage: 2
            )
        )
    }

    /// What a user is told: each needs the user's subject or the channel's.
    static let topical: [Event] =
        ChannelNotification.Kind.allCases.map { kind in
            .channel(
                TimelineEvent(reference, position, ChannelNotification(kind, [123, 125]), committedAt: 1, lineage: 0)
            )
        } + [
            post(1, size: 0), post(2, size: 127), post(3, size: 128), post(4, size: 100_000),
            .channel(
                TimelineEvent(
                    reference,
                    position,
                    ChannelNotification(.message, [0, 255], isStored: false),
                    committedAt: 0,
                    lineage: Int64(UInt32.max)
                )
            ),
            .channel(TimelineEvent(reference, position, nil, committedAt: 5, lineage: 1)),
            .channelMoved(reference, position, lineage: 0),
            .channelMoved(reference, position, lineage: 3),
            .subscriptions(
                SubscriptionEvent(
                    reference,
                    [UserID("anna")],
                    .subscribed(position, parameters: [1]),
                    version: 1,
                    lineage: 3
                )
            ),
            .subscriptions(SubscriptionEvent(reference, [UserID("anna")], .unsubscribed, version: 2, lineage: 0)),
            .subscriptions(
                SubscriptionEvent(reference, [UserID("anna")], .discarding(true), version: Int64.max, lineage: 1)
            ),
            .subscriptions(SubscriptionEvent(reference, [UserID("anna")], .discarding(false), version: 0, lineage: 2)),
            .sessions(sessions(newest: nil, isQuestion: false, [])),
            .sessions(sessions(newest: 4, isQuestion: true, [(4, 10), (-5, 11)])),
        ]

    /// What concerns every node.
    static let general: [Event] = [
        .applicationChanged(.example),
        .applicationEmptied(.other, lineage: 0),
        .applicationEmptied(.other, lineage: 6),
        .accountKicked(.example, UserID("a.@#:+=_-Z"), lineage: 0),
        .accountKicked(.example, UserID("anna"), lineage: 7),
        .accountsDeleted(.example, [UserID("anna"), UserID("boris")], lineage: 0),
        .accountsDeleted(.example, [UserID("anna"), UserID("boris")], lineage: 8),
        .outboxFilled(.example),
        .storageChanged(lineage: 2),
        .subscriptions(
            SubscriptionEvent(reference, (1...17).map { UserID("user\($0)") }, .unsubscribed, version: 9, lineage: 4)
        ),
    ]

    static func sessions(newest: Int64?, isQuestion: Bool, _ sessions: [(Int64, Int64)]) -> UserSessions {
        UserSessions(
            .init(application: .example, user: UserID("anna"), number: 9, newest: newest, limit: 2),
            isQuestion: isQuestion,
            node: 12,
            sessions: sessions.map { .init(instance: $0.0, openedAt: $0.1) }
        )
    }
}
