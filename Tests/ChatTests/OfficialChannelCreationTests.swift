import Chat
import ChatProtocol
import RostrumTesting
import Synchronization
import Testing

/// What a channel is made of, and which are refused (spec/official-channels.md A and B.1).
@Suite struct OfficialChannelCreationTests {
    @Test("a channel is made with the ID and the fields given", arguments: StorageEngine.enabled)
    func created(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("ops_01")
            installation.clock.advance(milliseconds: 1234)

            let id = try await installation.createChannel(.example(owner: UserID("ops_01"), maxSubscribers: 5000))
            let channel = try #require(try await installation.findChannel())

            #expect(id == .news)
            #expect(channel.id == .news)
            #expect(channel.owner == UserID("ops_01"))
            #expect(channel.profile == .example())
            #expect(channel.maxSubscribers == 5000)
            #expect(channel.subscribers == 0, "the owner is not subscribed")
            #expect(channel.lastMessageSeconds == 0)
            #expect(channel.createdAt == installation.clock.now)
            let count = try await installation.channelCount()
            #expect(count == 1)
        }
    }

    @Test("texts keep their bytes", arguments: StorageEngine.enabled)
    func texts(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let profile = ChannelProfile(
                name: "港口 cafe\u{301}",
                introduction: "'; DROP TABLE channels; --",
                faceURL: "https://img.example.net/😀.png",
                organization: String(repeating: "é", count: 250),
                customString: String(repeating: "x", count: 3000)
            )
            _ = try await installation.createChannel(.example(profile: profile))

            let stored = try #require(try await installation.findChannel()).profile
            #expect(stored == profile)
            #expect(stored.name.utf8.elementsEqual(profile.name.utf8))
        }
    }

    @Test("of a taken ID and an owner who is not imported the first is told", arguments: StorageEngine.enabled)
    func takenBeforeOwner(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()

            let taken = await refusal { try await installation.createChannel(.example(owner: UserID("nobody"))) }
            let free = await refusal {
                try await installation.createChannel(.example(id: ChannelID("@TOA#_2"), owner: UserID("nobody")))
            }

            #expect(taken?.code == .channelIDTaken)
            #expect(free?.code == .accountNotImported)
        }
    }

    @Test("without MaxSubscriberNum the application's default counts", arguments: StorageEngine.enabled)
    func defaultMaxSubscribers(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            try await installation.setLimits([.defaultMaxSubscribers: 77])
            _ = try await installation.createChannel(.example(id: ChannelID("@TOA#_2")))

            let (first, second) = try await (
                installation.findChannel(), installation.findChannel(ChannelID("@TOA#_2"))
            )
            #expect(first?.maxSubscribers == 100_000)
            #expect(second?.maxSubscribers == 77)
        }
    }

    @Test("without an ID the server makes one of its own form", arguments: StorageEngine.enabled)
    func generated(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            var ids: Set<ChannelID> = []
            for _ in 0..<20 { ids.insert(try await installation.createChannel(.example(id: nil))) }

            #expect(ids.count == 20)
            for id in ids {
                let tail = id.rawValue.dropFirst(ChannelID.generatedPrefix.count)
                #expect(id.isGenerated)
                #expect(tail.utf8.count == 12)
                #expect(tail.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
                let channel = try await installation.findChannel(id)
                #expect(channel?.id == id)
            }
        }
    }

    @Test("a made ID that is taken is made again", arguments: StorageEngine.enabled)
    func generatedCollision(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            // Each channel takes a number for its incarnation, then IDs.
            let channels = installation.systems(random: ScriptedRandom([[0], [1], [0], [1], [2]])).channels

            let first = try await channels.create(.example(id: nil), for: installation.call())
            let second = try await channels.create(.example(id: nil), for: installation.call())

            #expect(first == ChannelID("@TOA#_@TOA#111111111111"))
            #expect(second == ChannelID("@TOA#_@TOA#222222222222"))
        }
    }

    @Test("a generator that is stuck is a fault of ours and takes no quota", arguments: StorageEngine.enabled)
    func stuckGenerator(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let channels = installation.systems(random: ScriptedRandom([[7]])).channels
            _ = try await channels.create(.example(id: nil), for: installation.call())

            let error = await refusal { try await channels.create(.example(id: nil), for: installation.call()) }

            #expect(error?.code == .internalFault)
            let count = try await installation.channelCount()
            #expect(count == 1)
        }
    }

    @Test(
        "an ID of the server's form is not for callers",
        arguments: StorageEngine.enabled,
        ["@TOA#_@TOA#dOEF", "@TOA#_@TOA#"]
    )
    func reservedID(engine: StorageEngine, id: String) async throws {
        try await engine.withInstallation { installation in
            let error = await refusal { try await installation.createChannel(.example(id: ChannelID(id))) }

            #expect(error?.code == .channelIDInvalid)
            let count = try await installation.channelCount()
            #expect(count == 0)
        }
    }

    @Test("an ID that is taken is refused and its channel stays as it is", arguments: StorageEngine.enabled)
    func taken(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()

            let error = await refusal {
                try await installation.createChannel(.example(profile: .example(name: "Impostor")))
            }

            #expect(error?.code == .channelIDTaken)
            let channel = try await installation.findChannel()
            #expect(channel?.profile.name == "Harbour News")
            let count = try await installation.channelCount()
            #expect(count == 1)
        }
    }

    @Test("IDs are told apart by case", arguments: StorageEngine.enabled)
    func caseMatters(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()

            let id = try await installation.createChannel(.example(id: ChannelID("@TOA#_NEWS")))
            #expect(id == ChannelID("@TOA#_NEWS"))
        }
    }

    @Test("one ID in two applications is two channels", arguments: StorageEngine.enabled)
    func applicationsAreApart(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.applications.create(.example(id: .other), by: installation.operation())
            _ = try await installation.createChannel()
            _ = try await installation.channels.create(
                .example(profile: .example(name: "Other")),
                for: installation.call(of: .other)
            )

            try await installation.channels.destroy(.news, for: installation.call(of: .other))

            let here = try await installation.findChannel()
            #expect(here?.profile.name == "Harbour News")
        }
    }

    @Test(
        "an owner that is not imported is refused, even if it could never be",
        arguments: StorageEngine.enabled,
        ["ghost", "ADMINISTRATOR", "@TGS#group", "not a name", "", "名"]
    )
    func ownerMissing(engine: StorageEngine, owner: String) async throws {
        try await engine.withInstallation { installation in
            let new = NewChannel(id: .news, owner: owner, profile: .example())

            let error = await refusal { try await installation.createChannel(new) }

            #expect(error?.code == .accountNotImported)
            let channel = try await installation.findChannel()
            #expect(channel == nil)
        }
    }

    @Test("an owner must be imported in the same application", arguments: StorageEngine.enabled)
    func ownerElsewhere(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let new = NewApplication.example(id: .other, admins: [UserID("anna")])
            _ = try await installation.applications.create(new, by: installation.operation())

            let error = await refusal { try await installation.createChannel(.example(owner: UserID("anna"))) }
            #expect(error?.code == .accountNotImported)
        }
    }

    @Test("MaxSubscriberNum may be the largest allowed and no more", arguments: StorageEngine.enabled)
    func largestMaxSubscribers(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setLimits([.largestMaxSubscribers: 500])
            _ = try await installation.createChannel(.example(maxSubscribers: 500))

            let created = await refusal {
                try await installation.createChannel(.example(id: ChannelID("@TOA#_2"), maxSubscribers: 501))
            }
            let modified = await refusal {
                try await installation.channels.modify(.news, .example(maxSubscribers: 501), for: installation.call())
            }

            #expect(created?.code == .parameterInvalid)
            #expect(modified?.code == .parameterInvalid)
            let (channel, count) = try await (installation.findChannel(), installation.channelCount())
            #expect(channel?.maxSubscribers == 500)
            #expect(count == 1)
        }
    }
}

/// Gives what it was told, each for one call, the last for ever; each byte is repeated to the length asked for.
private final class ScriptedRandom: RandomSource {
    private let script: Mutex<[[UInt8]]>

    init(_ script: [[UInt8]]) {
        self.script = Mutex(script)
    }

    func bytes(_ count: Int) -> [UInt8] {
        script.withLock { script in
            let next = script.count > 1 ? script.removeFirst() : script[0]
            return [UInt8](repeating: next[0], count: count)
        }
    }
}
