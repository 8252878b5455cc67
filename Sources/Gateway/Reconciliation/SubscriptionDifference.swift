import Chat
import EventBus
import WebSockets

/// How the channels that a session follows differ from its user's subscriptions.
struct SubscriptionDifference: Sendable {
    struct Discarding: Sendable, Hashable {
        let reference: ChannelReference
        let discards: Bool
    }

    /// Subscribed to, and not followed.
    var missing: Set<ChannelReference> = []
    /// Followed, and not subscribed to.
    var left: Set<ChannelReference> = []
    /// Whose messages are wanted, against what the session does, or not.
    var discarding: Set<Discarding> = []

    var isEmpty: Bool { missing.isEmpty && left.isEmpty && discarding.isEmpty }
}

extension Session {
    /// How it differs from what its user subscribes to.
    func difference(from followed: [Timeline.Followed]) -> SubscriptionDifference {
        guard case .open(let connection) = state, connection.isOpen else { return SubscriptionDifference() }
        var difference = SubscriptionDifference()
        difference.left = Set(memberships.map(\.room.reference))
        // A channel that is being caught up with is left alone: its client is in the middle of asking.
        let quiet = memberships.filter { $0.catchUp == nil }
        let discards = Dictionary(quiet.map { ($0.room.reference, $0.discards) }) { first, _ in first }
        for channel in followed {
            guard difference.left.remove(channel.reference) != nil else {
                difference.missing.insert(channel.reference)
                continue
            }
            guard discards[channel.reference] == !channel.discards else { continue }
            difference.discarding.insert(.init(reference: channel.reference, discards: channel.discards))
        }
        return difference
    }
}
