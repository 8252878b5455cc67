import Chat
import EventBus
import WebSockets

extension Session {
    /// The channels in which the session is not as its user's subscriptions are.
    ///
    /// It may also have heard of something newer than what was read: what is found is looked at once more.
    func differences(from followed: [Timeline.Followed]) -> Set<ChannelReference> {
        guard case .open(let connection) = state, connection.isOpen else { return [] }
        var own = Dictionary(memberships.map { ($0.room.reference, $0) }) { first, _ in first }
        var differences: Set<ChannelReference> = []
        for channel in followed {
            let membership = own.removeValue(forKey: channel.reference)
            if membership?.version ?? left[channel.reference] != channel.version {
                differences.insert(channel.reference)
            }
        }
        return differences.union(own.keys)
    }
}
