import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// What a user has read and what not (docs/subscriber-protocol.md, spec/official-channels.md B.12, C).
@Suite struct ReadingTests {
    private static let none = ChannelID("@TOA#_none")

    @Test("a new subscription has nothing unread, then each stored post counts", arguments: StorageEngine.enabled)
    func counting(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            for text in ["before", "too"] { _ = try await installation.send(.example(text)) }
            _ = try await installation.subscribe("anna")
            #expect(try await installation.unread() == 0)

            let keys = try await installation.sendMany(3).map(\.rawValue)
            _ = try await installation.send(.example("online").with { $0.isOnlineOnly = true })
            #expect(try await installation.unread() == 3)

            _ = try await installation.recall(keys[0], keys[2])
            #expect(try await installation.unread() == 1)
            try await installation.markRead(4)
            #expect(try await installation.unread() == 0)
            try await installation.markRead(6)
            _ = try await installation.send(.example("last"))
            #expect(try await installation.unread() == 1)
        }
    }

    @Test(
        "the position never goes back and never beyond the head; only what moves it writes",
        arguments: StorageEngine.enabled
    )
    func position(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.send(.example("before"))
            _ = try await installation.subscribe("anna")
            _ = try await installation.sendMany(3)
            var positions: [Int64] = []

            for seq in [Int64(0), 1, 3, 3, 2, -1, .min, 99, .max, 4] {
                try await installation.markRead(seq)
                positions.append(try await installation.number("SELECT read_seq FROM subscriptions"))
            }
            _ = try await installation.send(.example("later"))

            #expect(positions == [1, 1, 3, 3, 3, 3, 3, 4, 4, 4])
            #expect(try await installation.unread() == 1, "a mark beyond the head does not cover what comes later")
        }
    }

    @Test("one user's reading is not another's", arguments: StorageEngine.enabled)
    func separate(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.subscribe("anna", "bob")
            _ = try await installation.sendMany(2)

            try await installation.markRead(2)

            #expect(try await installation.unread() == 0)
            #expect(try await installation.unread(of: .bob) == 2)
        }
    }

    @Test("without a channel or a subscription there is nothing to read", arguments: StorageEngine.enabled)
    func refused(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.subscribe("anna")
            try await installation.recreateChannel()
            _ = try await installation.send(.example())

            for (id, code) in [(ChannelID.news, 131003), (Self.none, 130004)] {
                let marking = await refusal { try await installation.markRead(1, in: id) }
                let counting = await refusal { try await installation.unread(in: id) }
                #expect([marking?.code.rawValue, counting?.code.rawValue] == [code, code])
            }
        }
    }

    @Test(
        "at every moment the count is that of the stored posts after the position that are not recalled",
        arguments: StorageEngine.enabled,
        1...4
    )
    func property(engine: StorageEngine, seed: Int) async throws {
        try await engine.withInstallation { installation in
            let dice = SeededRandom(seed: UInt64(seed))
            try await installation.prepareChannel()
            try await ChannelLife.prepare(installation)
            var life = ChannelLife(of: .news)
            for _ in 0..<10 { try await life.goOn(in: installation, by: dice) }
            _ = try await installation.subscribe("anna")
            var position = life.head

            for _ in 0..<120 {
                if dice.number(below: 6) == 0 {
                    let seq = Int64(dice.number(below: Int(life.head) + 3))
                    try await installation.markRead(seq)
                    position = max(position, min(seq, life.head))
                } else {
                    try await life.goOn(in: installation, by: dice)
                }
                #expect(try await installation.unread() == Int64(life.owed(after: position).count))
            }
        }
    }
}

extension TestInstallation {
    fileprivate func markRead(_ seq: Int64, in id: ChannelID = .news, of user: UserID = .anna) async throws {
        try await subscribers.markRead(upTo: seq, in: id, for: ownCall(user))
    }

    fileprivate func unread(in id: ChannelID = .news, of user: UserID = .anna) async throws -> Int64 {
        try await subscribers.unread(in: id, for: ownCall(user))
    }
}
