import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// One broadcast by its key, whatever became of it.
@Suite struct BroadcastDetailsTests {
    private func find(_ key: MessageKey, _ installation: TestInstallation) async throws -> BroadcastDetails {
        try await installation.broadcasts.find(
            key,
            in: .news,
            of: installation.application(),
            at: installation.clock.now
        )
    }

    @Test("a stored one has its content", arguments: StorageEngine.enabled)
    func stored(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let key = try await installation.send(.example("Ferry 8 is on time", cloudCustomData: "data"))

            let details = try await find(key, installation)

            #expect(details.kind == .stored)
            #expect(details.sentAt == installation.clock.now)
            #expect(details.broadcast.key == key)
            #expect(details.broadcast.content == .message(.example("Ferry 8 is on time"), cloudCustomData: "data"))
            #expect(details.recall == nil)
        }
    }

    @Test("a recalled one says when and why", arguments: StorageEngine.enabled)
    func recalled(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let key = try await installation.send(.example())
            installation.clock.advance(seconds: 5)
            _ = try await installation.recall(key.rawValue, reason: "a typo")

            let details = try await find(key, installation)

            #expect(details.broadcast.content == .recalled)
            #expect(details.recall?.at == installation.clock.now)
            #expect(details.recall?.reason == "a typo")
        }
    }

    @Test("an online-only one is known by its kind alone", arguments: StorageEngine.enabled)
    func onlineOnly(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let key = try await installation.send(.example().with { $0.isOnlineOnly = true })

            let details = try await find(key, installation)

            #expect(details.kind == .onlineOnly)
            #expect(details.broadcast.content == .expired)
        }
    }

    @Test("a key of another second is none of the channel's", arguments: StorageEngine.enabled)
    func otherSecond(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let key = try await installation.send(.example())

            let refused = await refusal {
                _ = try await find(MessageKey(seq: key.seq, seconds: key.seconds + 1), installation)
            }

            #expect(refused?.code == .messageNotFound)
        }
    }
}
