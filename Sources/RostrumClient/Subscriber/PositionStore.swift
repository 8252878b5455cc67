/// Remembers how far a subscriber has come in each channel, from one run of the program to the next.
///
/// A store belongs to one user of one application. Its methods are called one after the other.
public protocol PositionStore: Sendable {
    /// Everything that is remembered, by channel; asked for once, when the session begins.
    func positions() async throws -> [String: ChannelPosition]

    /// Remembers a position in place of the channel's last one.
    ///
    /// If it is lost again, as in a crash, the events after the last one that is left come once more.
    func store(_ position: ChannelPosition, of channel: String) async throws

    /// Remembers nothing of the channel any more.
    func forget(_ channel: String) async throws
}

/// Remembers positions for as long as the program runs.
public actor MemoryPositionStore: PositionStore {
    private var kept: [String: ChannelPosition]

    /// - Parameter positions: what is remembered from the beginning.
    public init(_ positions: [String: ChannelPosition] = [:]) {
        kept = positions
    }

    /// Everything that is remembered.
    public func positions() -> [String: ChannelPosition] { kept }

    /// Remembers a position.
    public func store(_ position: ChannelPosition, of channel: String) { kept[channel] = position }

    /// Remembers nothing of the channel any more.
    public func forget(_ channel: String) { kept[channel] = nil }
}
