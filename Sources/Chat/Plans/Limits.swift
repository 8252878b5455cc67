/// What an application may do at most; every number is a setting (docs/operating.md, "Limits").
package struct Limits: Sendable, Equatable {
    /// The names by which plans, the command line and `--limits` know them.
    package enum Name: String, CaseIterable, Sendable, Hashable {
        /// Official channels of the application; beyond it 130010.
        case channels
        /// Days from the application's creation for which the channel service runs; after it 131000.
        case officialChannelDays
        /// `MaxSubscriberNum` of a channel that was created without one.
        case defaultMaxSubscribers
        /// The largest `MaxSubscriberNum`; beyond it 6017.
        case largestMaxSubscribers
        /// Broadcasts of one channel in one second; beyond it 10023.
        case broadcastsPerSecond
        /// Broadcasts of one channel in any 3600 s; beyond it 10023.
        case broadcastsPerHour
        /// Calls of one command in one second, and as many at once after a pause; beyond it 60007.
        case callsPerSecond
        /// Imported accounts; beyond it 70398.
        case accounts
        /// Days for which a deleted UserID cannot be imported again; until then 70399.
        case reimportDays
        /// Days for which posts are kept.
        case historyDays
        /// Bytes of one post; beyond it 80002.
        case messageBytes
        /// Bytes of one request's body; beyond it 60002.
        case requestBytes
        /// Live connections of one user.
        case connectionsPerUser

        /// The values that a setting may have; where 0 is among them it means "no limit".
        package var allowed: ClosedRange<Int64> {
            switch self {
            case .defaultMaxSubscribers, .largestMaxSubscribers: 1...1_000_000_000
            case .messageBytes: 1...1_048_576
            case .requestBytes: 1...67_108_864
            case .officialChannelDays, .reimportDays, .historyDays: 0...36_500
            case .channels, .broadcastsPerSecond, .broadcastsPerHour, .callsPerSecond, .accounts, .connectionsPerUser:
                0...1_000_000_000
            }
        }
    }

    private let values: [Name: Int64]

    /// - Parameter value: the number for each name.
    package init(_ value: (Name) -> Int64) {
        values = Dictionary(uniqueKeysWithValues: Name.allCases.map { ($0, value($0)) })
    }

    package subscript(name: Name) -> Int64 {
        values[name] ?? 0
    }

    /// When the channel service of an application ends that was made at a moment; nil when it does not.
    package func channelServiceEnd(since creation: Timestamp) -> Timestamp? {
        let days = self[.officialChannelDays]
        return days == 0 ? nil : creation.advanced(bySeconds: days * 86_400)
    }

    /// The moment up to which posts are no longer kept; nil when they are kept for ever.
    func expiryMoment(at now: Timestamp) -> Timestamp? {
        let days = self[.historyDays]
        return days == 0 ? nil : now.advanced(bySeconds: -days * 86_400)
    }

    /// These limits with some of them replaced.
    package func replacing(_ others: [Name: Int64]) -> Limits {
        Limits { others[$0] ?? self[$0] }
    }
}
