import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// A retry under the same key is told the same and does nothing again (design section 3).
@Suite struct IdempotencyTests {
    private static let day: Int64 = 86_400

    @Test("the same key with the same request gives the first result and one effect", arguments: StorageEngine.enabled)
    func retried(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            var ids: Set<ChannelID> = []
            for _ in 0..<3 {
                let call = try await installation.call(idempotencyKey: .example())
                ids.insert(try await installation.channels.create(.example(id: nil), for: call))
                installation.clock.advance(seconds: 60)
            }

            #expect(ids.count == 1)
            let count = try await installation.channelCount()
            #expect(count == 1)
        }
    }

    @Test("many that retry at once cause one effect and are told the same", arguments: StorageEngine.enabled)
    func retriedAtOnce(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let ids = try await withThrowingTaskGroup(of: ChannelID.self) { group in
                for _ in 0..<30 {
                    group.addTask {
                        let call = try await installation.call(idempotencyKey: .example())
                        return try await installation.channels.create(.example(id: nil), for: call)
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }

            #expect(ids.count == 1)
            let count = try await installation.channelCount()
            #expect(count == 1)
        }
    }

    @Test("the same key with another request is 60002 and does nothing", arguments: StorageEngine.enabled)
    func otherRequest(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let first = try await installation.call(idempotencyKey: .example(request: "one"))
            _ = try await installation.channels.create(.example(), for: first)

            let second = try await installation.call(idempotencyKey: .example(request: "two"))
            let error = await refusal { try await installation.channels.destroy(.news, for: second) }

            #expect(error?.code == .httpParsingFailed)
            let count = try await installation.channelCount()
            #expect(count == 1)
        }
    }

    @Test("other keys, and calls without one, are calls of their own", arguments: StorageEngine.enabled)
    func otherKeys(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            for key in [IdempotencyKey.example("a"), .example("b"), .example("A"), nil, nil] {
                _ = try await installation.channels.create(
                    .example(id: nil),
                    for: installation.call(idempotencyKey: key)
                )
            }

            let count = try await installation.channelCount()
            #expect(count == 5)
        }
    }

    @Test("a key belongs to its application, whoever calls", arguments: StorageEngine.enabled)
    func perApplication(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.applications.create(.example(id: .other), by: installation.operation())
            let (here, there) = (
                try await installation.call(as: .administrator, idempotencyKey: .example()),
                try await installation.call(of: .other, idempotencyKey: .example(request: "another"))
            )
            let first = try await installation.channels.create(.example(id: nil), for: here)
            let other = try await installation.channels.create(.example(id: nil), for: there)
            let again = try await installation.channels.create(
                .example(id: nil),
                for: installation.call(as: UserID("helper"), idempotencyKey: .example())
            )

            #expect(other != first)
            #expect(again == first)
        }
    }

    @Test("a result is kept for 24 h and no longer", arguments: StorageEngine.enabled)
    func lifetime(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let channels = installation.channels
            func create() async throws -> ChannelID {
                try await channels.create(.example(id: nil), for: installation.call(idempotencyKey: .example()))
            }
            let first = try await create()
            installation.clock.advance(seconds: Self.day)
            let atTheEnd = try await create()
            installation.clock.advance(milliseconds: 1)
            let afterwards = try await create()
            installation.clock.advance(seconds: Self.day)
            let again = try await create()

            #expect(atTheEnd == first)
            #expect(afterwards != first)
            #expect(again == afterwards, "the second life is as long as the first")
        }
    }

    @Test("another request may use a key whose 24 h are over", arguments: StorageEngine.enabled)
    func reusedLater(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let first = try await installation.call(idempotencyKey: .example(request: "one"))
            _ = try await installation.channels.create(.example(), for: first)
            installation.clock.advance(seconds: Self.day)
            installation.clock.advance(milliseconds: 1)

            let second = try await installation.call(idempotencyKey: .example(request: "two"))
            try await installation.channels.destroy(.news, for: second)

            let count = try await installation.channelCount()
            #expect(count == 0)
        }
    }

    @Test("a refused call is not kept: with its cause removed, a retry succeeds", arguments: StorageEngine.enabled)
    func failuresAreNotKept(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let new = NewChannel.example(owner: UserID("anna"))
            let error = await refusal {
                try await installation.channels.create(new, for: installation.call(idempotencyKey: .example()))
            }
            try await installation.importAccounts("anna")

            let id = try await installation.channels.create(
                new,
                for: installation.call(idempotencyKey: .example())
            )

            #expect(error?.code == .accountNotImported)
            #expect(id == .news)
        }
    }

    @Test("a refused call leaves its key to another request", arguments: StorageEngine.enabled)
    func failuresBindNoDigest(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let first = try await installation.call(idempotencyKey: .example(request: "one"))
            let error = await refusal { try await installation.channels.destroy(.news, for: first) }

            let second = try await installation.call(idempotencyKey: .example(request: "two"))
            _ = try await installation.channels.create(.example(), for: second)

            #expect(error?.code == .channelNotFound)
            let count = try await installation.channelCount()
            #expect(count == 1)
        }
    }

    @Test("every operation that changes something can be retried", arguments: StorageEngine.enabled)
    func everyOperation(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let (accounts, channels, anna) = (installation.accounts, installation.channels, UserID("anna"))
            try await installation.setLimits([.accounts: 2])
            func call(_ name: String) async throws -> Call {
                try await installation.call(idempotencyKey: .example(name, request: name))
            }

            for _ in 0..<2 {
                let refused = try await accounts.importAll([.example(), .example(id: UserID("bob"))], for: call("all"))
                #expect(refused.map(\.id) == ["bob"])
            }
            for _ in 0..<2 {
                try await accounts.import(.example(nick: "Anna"), for: call("one"))
                try await accounts.import(.example(nick: "Anne"), for: installation.call())
            }
            let imported = try await accounts.page(of: .example, after: "", limit: 2).last
            #expect(imported?.nick == "Anne", "the retry did not write the name again")
            for _ in 0..<2 {
                try await accounts.kick(anna, for: call("kick"))
                installation.clock.advance(seconds: 60)
            }
            let voidUntil = try await accounts.signaturesVoidUntil(anna, of: .example)
            #expect(voidUntil == ManualClock.start.seconds, "the retry did not kick again")
            for _ in 0..<2 {
                let deletions = try await accounts.delete([anna], for: call("delete"))
                #expect(deletions == [.deleted])
            }
            for _ in 0..<2 { _ = try await channels.create(.example(), for: call("create")) }
            for _ in 0..<2 { try await channels.modify(.news, .example(name: "New"), for: call("modify")) }
            for _ in 0..<2 { try await channels.destroy(.news, for: call("destroy")) }

            let count = try await installation.channelCount()
            #expect(count == 0)
        }
    }

    @Test("forgetting takes what is over its 24 h, in batches, and leaves the rest", arguments: StorageEngine.enabled)
    func forgetting(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            for number in 0..<25 {
                _ = try await installation.channels.create(
                    .example(id: nil),
                    for: installation.call(idempotencyKey: .example("old-\(number)"))
                )
            }
            installation.clock.advance(seconds: Self.day)
            let tooEarly = try await installation.database.forgetIdempotencyKeys(at: installation.clock.now, batch: 10)
            let young = try await installation.channels.create(
                .example(id: nil),
                for: installation.call(idempotencyKey: .example("young"))
            )
            installation.clock.advance(milliseconds: 1)

            var forgotten: [Int] = []
            for _ in 0..<4 {
                forgotten.append(
                    try await installation.database.forgetIdempotencyKeys(at: installation.clock.now, batch: 10)
                )
            }

            #expect(tooEarly == 0)
            #expect(forgotten == [10, 10, 5, 0])
            let again = try await installation.channels.create(
                .example(id: nil),
                for: installation.call(idempotencyKey: .example("young"))
            )
            #expect(again == young)
        }
    }

    @Test("a key is 1 to 255 visible ASCII characters")
    func names() {
        for name in ["a", "!", "~", "b9f7-{}", String(repeating: "k", count: 255)] {
            #expect(IdempotencyKey(name: name, digest: [1])?.name == name)
        }
        for name in ["", " ", "a b", "a\n", "\u{7F}", "é", "\u{212A}", String(repeating: "k", count: 256)] {
            #expect(IdempotencyKey(name: name, digest: [1]) == nil, "\(name)")
        }
    }
}
