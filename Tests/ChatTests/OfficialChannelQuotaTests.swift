import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// How many channels there can be, however many ask at once.
@Suite struct OfficialChannelQuotaTests {
    @Test("a quota holds exactly, however many create at once", arguments: StorageEngine.enabled)
    func quotaIsExact(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setLimits([.channels: 7])
            let codes = await withTaskGroup(of: ErrorCode?.self) { group in
                for number in 0..<50 {
                    let id = number.isMultiple(of: 2) ? ChannelID("@TOA#_\(number)") : nil
                    group.addTask { await refusal { try await installation.createChannel(.example(id: id)) }?.code }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }

            #expect(codes.filter { $0 == nil }.count == 7)
            #expect(codes.filter { $0 == .channelQuotaExceeded }.count == 43)
            let stored = try await installation.channels.page(of: .example, after: "", limit: 100)
            let count = try await installation.channelCount()
            #expect(stored.count == 7)
            #expect(count == 7)
        }
    }

    @Test("of 50 that create one ID at once, exactly one wins", arguments: StorageEngine.enabled)
    func oneWinner(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let outcomes = await withTaskGroup(of: (Int, ErrorCode?).self) { group in
                for number in 0..<50 {
                    group.addTask {
                        let new = NewChannel.example(profile: .example(name: "\(number)"))
                        return (number, await refusal { try await installation.createChannel(new) }?.code)
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }

            let winners = outcomes.filter { $0.1 == nil }
            #expect(winners.count == 1)
            #expect(outcomes.filter { $0.1 == .channelIDTaken }.count == 49)
            let (channel, count) = try await (installation.findChannel(), installation.channelCount())
            #expect(channel?.profile.name == winners.first.map { "\($0.0)" })
            #expect(count == 1)
        }
    }

    @Test("0 is no quota", arguments: StorageEngine.enabled)
    func noQuota(engine: StorageEngine) async throws {
        try await engine.withInstallation(plan: .trial) { installation in
            try await installation.setLimits([.channels: 0])
            for _ in 0..<8 { _ = try await installation.createChannel(.example(id: nil)) }

            let count = try await installation.channelCount()
            #expect(count == 8)
        }
    }

    @Test("a trial has room for five channels", arguments: StorageEngine.enabled)
    func trialQuota(engine: StorageEngine) async throws {
        try await engine.withInstallation(plan: .trial) { installation in
            for _ in 0..<5 { _ = try await installation.createChannel(.example(id: nil)) }

            let error = await refusal { try await installation.createChannel(.example(id: nil)) }
            #expect(error?.code == .channelQuotaExceeded)
        }
    }
}
