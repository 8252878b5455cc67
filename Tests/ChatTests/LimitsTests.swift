import Chat
import Testing

@Suite struct LimitsTests {
    @Test("the enterprise plan has the documented numbers")
    func enterprise() {
        let limits = Plan.enterprise.limits

        #expect(limits[.channels] == 100_000)
        #expect(limits[.officialChannelDays] == 0)
        #expect(limits[.defaultMaxSubscribers] == 100_000)
        #expect(limits[.largestMaxSubscribers] == 10_000_000)
        #expect(limits[.broadcastsPerSecond] == 1)
        #expect(limits[.broadcastsPerHour] == 2)
        #expect(limits[.callsPerSecond] == 200)
        #expect(limits[.accounts] == 0)
        #expect(limits[.reimportDays] == 90)
        #expect(limits[.historyDays] == 7)
        #expect(limits[.messageBytes] == 12 * 1024)
        #expect(limits[.requestBytes] == 1024 * 1024)
        #expect(limits[.connectionsPerUser] == 16)
    }

    @Test("the trial plan is smaller in five numbers and else the same")
    func trial() {
        let (trial, enterprise) = (Plan.trial.limits, Plan.enterprise.limits)
        let smaller: [Limits.Name: Int64] = [
            .channels: 5, .officialChannelDays: 30, .largestMaxSubscribers: 100_000, .accounts: 100, .reimportDays: 0,
        ]

        for name in Limits.Name.allCases { #expect(trial[name] == smaller[name] ?? enterprise[name], "\(name)") }
    }

    @Test("every number of every plan is one that a setting may have", arguments: Plan.allCases, Limits.Name.allCases)
    func plansAreAllowed(plan: Plan, name: Limits.Name) {
        #expect(name.allowed.contains(plan.limits[name]))
    }

    @Test("replacing changes what is named and nothing else")
    func replacing() {
        let limits = Plan.enterprise.limits.replacing([.channels: 3, .accounts: 7])

        #expect(limits[.channels] == 3)
        #expect(limits[.accounts] == 7)
        #expect(limits.replacing([.channels: 100_000, .accounts: 0]) == Plan.enterprise.limits)
        #expect(Plan.enterprise.limits.replacing([:]) == Plan.enterprise.limits)
    }
}
