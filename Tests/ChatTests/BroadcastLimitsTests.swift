import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// How much a channel may send (spec/official-channels.md B.10, "Semantics").
@Suite struct BroadcastLimitsTests {
    /// Sends one more, different from all others, and tells what it is refused with.
    private func sendAnother(_ installation: TestInstallation, to id: ChannelID = .news) async -> ErrorCode? {
        let text = installation.random.hex(bytes: 8)
        return await refusal { try await installation.send(.example(text, to: id)) }?.code
    }

    @Test("one in a second: the next is refused up to the last millisecond", arguments: StorageEngine.enabled)
    func second(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setLimits([.broadcastsPerHour: 0])
            _ = try await installation.createChannel()
            installation.clock.advance(milliseconds: 700)

            #expect(await sendAnother(installation) == nil)
            installation.clock.advance(milliseconds: 999)
            #expect(await sendAnother(installation) == .broadcastFrequencyExceeded)
            installation.clock.advance(milliseconds: 1)
            #expect(await sendAnother(installation) == nil)
        }
    }

    @Test("two in any hour: the window slides and what was refused is not counted", arguments: StorageEngine.enabled)
    func hour(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            #expect(await sendAnother(installation) == nil)
            installation.clock.advance(seconds: 1800)
            #expect(await sendAnother(installation) == nil)

            installation.clock.advance(milliseconds: 1_799_999)
            #expect(await sendAnother(installation) == .broadcastFrequencyExceeded)
            installation.clock.advance(milliseconds: 1)
            #expect(await sendAnother(installation) == nil, "the first has left the window")

            installation.clock.advance(milliseconds: 1_799_999)
            #expect(await sendAnother(installation) == .broadcastFrequencyExceeded)
            installation.clock.advance(milliseconds: 1)
            #expect(await sendAnother(installation) == nil, "the second has")
        }
    }

    @Test("larger limits count as exactly", arguments: StorageEngine.enabled)
    func larger(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setLimits([.broadcastsPerSecond: 3, .broadcastsPerHour: 7])
            _ = try await installation.createChannel()
            var sent: [Int] = []
            for second in 0..<5 {
                for _ in 0..<5 where await sendAnother(installation) == nil { sent.append(second) }
                installation.clock.advance(seconds: 1)
            }

            #expect(sent == [0, 0, 0, 1, 1, 1, 2])
        }
    }

    @Test("a limit beyond all that was ever sent lets everything pass", arguments: StorageEngine.enabled)
    func hugeLimit(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let largest = Limits.Name.broadcastsPerHour.allowed.upperBound
            try await installation.setLimits([.broadcastsPerSecond: largest, .broadcastsPerHour: largest])
            _ = try await installation.createChannel()

            for _ in 0..<20 { #expect(await sendAnother(installation) == nil) }
        }
    }

    @Test("0 is no limit", arguments: StorageEngine.enabled)
    func noLimit(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()

            for _ in 0..<20 { #expect(await sendAnother(installation) == nil) }
        }
    }

    @Test("each channel has its own, a channel that was made again new ones", arguments: StorageEngine.enabled)
    func ownLimits(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let other = ChannelID("@TOA#_other")
            _ = try await installation.createChannel()
            _ = try await installation.createChannel(.example(id: other))

            #expect(await sendAnother(installation) == nil)
            #expect(await sendAnother(installation, to: other) == nil)
            #expect(await sendAnother(installation) == .broadcastFrequencyExceeded)
            try await installation.recreateChannel()
            #expect(await sendAnother(installation) == nil)
        }
    }

    @Test("a duplicate is answered when the limits are exhausted, and is not counted", arguments: StorageEngine.enabled)
    func duplicates(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let first = try await installation.send(.example())
            for _ in 0..<5 {
                let again = try await installation.send(.example())
                #expect(again == first)
            }

            installation.clock.advance(seconds: 1)
            #expect(await sendAnother(installation) == nil, "one of two has been sent in this hour")
            let again = try await installation.send(.example())
            #expect(again == first)
            installation.clock.advance(seconds: 1)
            #expect(await sendAnother(installation) == .broadcastFrequencyExceeded)
        }
    }

    @Test("a broadcast that a webhook refuses is not counted", arguments: StorageEngine.enabled)
    func refusedByWebhook(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setWebhooks([.beforeSend])
            _ = try await installation.createChannel()
            installation.backend.answer("BeforeSendMsg", with: .verdict(1), .verdict(120_001))

            #expect(await sendAnother(installation) == .refusedByWebhook)
            #expect(await sendAnother(installation)?.rawValue == 120_001)
            #expect(await sendAnother(installation) == nil)
        }
    }

    @Test("online-only broadcasts count like others", arguments: StorageEngine.enabled)
    func onlineOnly(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            _ = try await installation.send(.example().with { $0.isOnlineOnly = true })

            #expect(await sendAnother(installation) == .broadcastFrequencyExceeded)
        }
    }

    @Test("recalling makes no room", arguments: StorageEngine.enabled)
    func recalled(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let key = try await installation.send(.example())
            _ = try await installation.recall(key.rawValue)

            #expect(await sendAnother(installation) == .broadcastFrequencyExceeded)
        }
    }

    @Test("limits hold exactly, however many send at once", arguments: StorageEngine.enabled)
    func atOnce(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setLimits([.broadcastsPerSecond: 0])
            _ = try await installation.createChannel()

            let codes = await withTaskGroup(of: ErrorCode?.self) { group in
                for _ in 0..<20 { group.addTask { await sendAnother(installation) } }
                return await group.reduce(into: []) { $0.append($1) }
            }

            #expect(codes.filter { $0 == nil }.count == 2)
            #expect(codes.filter { $0 == .broadcastFrequencyExceeded }.count == 18)
            #expect(try await installation.count("broadcasts") == 2)
        }
    }
}
