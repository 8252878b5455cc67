/// A named set of limits that an application is on.
package enum Plan: String, CaseIterable, Sendable {
    /// A month with five channels and a hundred accounts.
    case trial
    /// Everything, without an end.
    case enterprise

    /// The plan's numbers (design section 7).
    package var limits: Limits {
        Limits { name in
            switch (name, self) {
            case (.channels, .enterprise): 100_000
            case (.channels, .trial): 5
            case (.officialChannelDays, .enterprise): 0
            case (.officialChannelDays, .trial): 30
            case (.defaultMaxSubscribers, _): 100_000
            case (.largestMaxSubscribers, .enterprise): 10_000_000
            case (.largestMaxSubscribers, .trial): 100_000
            case (.broadcastsPerSecond, _): 1
            case (.broadcastsPerHour, _): 2
            case (.callsPerSecond, _): 200
            case (.accounts, .enterprise): 0
            case (.accounts, .trial): 100
            case (.reimportDays, .enterprise): 90
            case (.reimportDays, .trial): 0
            case (.historyDays, _): 7
            case (.messageBytes, _): 12_288
            case (.requestBytes, _): 1_048_576
            case (.connectionsPerUser, _): 16
            }
        }
    }
}
