import Chat
import ChatProtocol
import RostrumTesting
import Synchronization

/// An online-only post that a device must get, exactly once: it has a connection, reads, and its user subscribes and wants
/// posts, from before the post until it comes.
///
/// Not so when another node posts while the bus between them is bad. That it comes only once is for ``WireWatch`` to see.
struct OnlineOnlyDebt {
    /// What stays as it is as long as the post is owed.
    private struct Standing: Equatable {
        let connection: Int
        let disturbances: Int
        let lags: Int
        let changes: Int?
        let epoch: String
        let lastDiscarded: Int64?
    }

    private let device: ModelDevice
    private let channel: ChannelID
    private let standing: Standing

    /// - Returns: nil when nothing would be owed.
    init?(to device: ModelDevice, of channel: ChannelID, from node: LiveNode, in world: World) {
        (self.device, self.channel) = (device, channel)
        let isNear = device.state.withLock { $0.node == ObjectIdentifier(node) }
        guard isNear || world.cable.isReliable,
            let standing = Self.standing(of: device, in: channel, world), standing.lastDiscarded != .max
        else { return nil }
        self.standing = standing
    }

    private static func standing(of device: ModelDevice, in channel: ChannelID, _ world: World) -> Standing? {
        device.state.withLock { state in
            guard let client = state.client, client.ending == nil, state.isReading,
                let epoch = state.conversations[channel.rawValue]?.epoch
            else { return nil }
            let name = "\(device.user) \(channel) \(epoch)"
            return Standing(
                connection: state.connection,
                disturbances: state.disturbances,
                lags: state.lags,
                changes: state.changes[channel.rawValue],
                epoch: epoch,
                lastDiscarded: world.discarded.withLock { $0[name]?.eventSeq }
            )
        }
    }

    /// Waits until the device has the post, or something has happened because of which it need not have it.
    ///
    /// For a while it is not too late as long as other things come: what a slow reader has before it is read first, be it
    /// the post or that the session lags.
    func wait(for text: String, in world: World) async throws {
        for _ in 0..<4 {
            let arrivals = device.state.withLock { $0.arrivals }
            do {
                return try await waitUntil("the post comes", within: .seconds(10), every: .milliseconds(2)) {
                    let hasCome = device.state.withLock { $0.watch.onlineOnly.contains(text.beginning) }
                    if hasCome { world.paidDebts.withLock { $0 += 1 } }
                    return hasCome || Self.standing(of: device, in: channel, world) != standing
                }
            } catch is WaitedTooLong {
                guard device.state.withLock({ $0.arrivals }) != arrivals else { break }
            }
        }
        device.state.withLock { $0.watch.complain("\(text.beginning) of \(channel) did not come") }
    }
}

extension String {
    /// What tells a text from others: what stands before the first space.
    var beginning: String { String(prefix { $0 != " " }) }
}
