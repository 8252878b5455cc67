import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// Channels are shown, changed and destroyed (spec/official-channels.md B.2, B.3, B.6).
@Suite struct OfficialChannelsTests {
    // Destruction.

    @Test("a destroyed channel is gone, once", arguments: StorageEngine.enabled)
    func destroyed(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()

            try await installation.channels.destroy(.news, for: installation.call())
            let again = await refusal { try await installation.channels.destroy(.news, for: installation.call()) }

            #expect(again?.code == .channelNotFound)
            let (channel, count) = try await (installation.findChannel(), installation.channelCount())
            #expect(channel == nil)
            #expect(count == 0)
        }
    }

    @Test("destroying makes room in the quota and frees the ID for a new channel", arguments: StorageEngine.enabled)
    func destroyedIsFree(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setLimits([.channels: 1])
            _ = try await installation.createChannel()
            installation.clock.advance(seconds: 60)
            try await installation.channels.destroy(.news, for: installation.call())

            _ = try await installation.createChannel(.example(profile: ChannelProfile(name: "New")))

            let channel = try #require(try await installation.findChannel())
            #expect(channel.profile == ChannelProfile(name: "New"))
            #expect(channel.createdAt == installation.clock.now)
        }
    }

    @Test("of many that destroy one channel at once, one does", arguments: StorageEngine.enabled)
    func destroyedAtOnce(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            for _ in 0..<2 { _ = try await installation.createChannel(.example(id: nil)) }
            _ = try await installation.createChannel()
            let codes = await withTaskGroup(of: ErrorCode?.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        await refusal {
                            try await installation.channels.destroy(.news, for: installation.call())
                        }?.code
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }

            #expect(codes.filter { $0 == nil }.count == 1)
            #expect(codes.filter { $0 == .channelNotFound }.count == 19)
            let count = try await installation.channelCount()
            #expect(count == 2)
        }
    }

    // Changes.

    @Test("a change writes what is given and leaves the rest", arguments: StorageEngine.enabled)
    func modified(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel(.example(maxSubscribers: 5000))
            var expected = ChannelProfile.example()
            let steps: [(inout ChannelChange, inout ChannelProfile) -> Void] = [
                { ($0.name, $1.name) = ("Bulletin", "Bulletin") },
                { ($0.introduction, $1.introduction) = ("", "") },
                { ($0.faceURL, $1.faceURL) = ("f.png", "f.png") },
                { ($0.organization, $1.organization) = ("Port", "Port") },
                { ($0.customString, $1.customString) = ("{}", "{}") },
            ]

            for step in steps {
                var change = ChannelChange()
                step(&change, &expected)
                try await installation.channels.modify(.news, change, for: installation.call())
                let channel = try #require(try await installation.findChannel())
                #expect(channel.profile == expected)
                #expect(channel.maxSubscribers == 5000)
            }

            try await installation.channels.modify(.news, .example(maxSubscribers: 1), for: installation.call())
            let channel = try #require(try await installation.findChannel())
            #expect(channel.profile == expected)
            #expect(channel.maxSubscribers == 1)
            #expect(channel.createdAt == ManualClock.start)
            #expect(channel.owner == .administrator)
        }
    }

    @Test("an empty change succeeds and changes nothing", arguments: StorageEngine.enabled)
    func emptyChange(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let before = try await installation.findChannel()

            try await installation.channels.modify(.news, ChannelChange(), for: installation.call())

            let after = try await installation.findChannel()
            #expect(after == before)
        }
    }

    @Test("what does not exist cannot be changed, not even by nothing", arguments: StorageEngine.enabled)
    func modifyMissing(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            for change in [ChannelChange(), .example(name: "New")] {
                let error = await refusal {
                    try await installation.channels.modify(.news, change, for: installation.call())
                }
                #expect(error?.code == .channelNotFound)
            }
            let channel = try await installation.findChannel()
            #expect(channel == nil)
        }
    }

    // Finding.

    @Test("channels are found in the order asked, with gaps where there is none", arguments: StorageEngine.enabled)
    func found(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let (first, second) = (ChannelID("@TOA#_1"), ChannelID("@TOA#_2"))
            for id in [first, second] { _ = try await installation.createChannel(.example(id: id)) }

            let channels = try await installation.channels.find(
                [second, ChannelID("@TOA#_missing"), first, second],
                of: installation.application(),
                at: installation.clock.now
            )

            #expect(channels.map { $0?.id } == [second, nil, first, second])
        }
    }

    @Test("pages follow one another in the order of IDs", arguments: StorageEngine.enabled)
    func pages(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let ids = ["@TOA#_ x", "@TOA#_10", "@TOA#_9", "@TOA#_A", "@TOA#_a", "@TOA#_~"].map { ChannelID($0) }
            for id in ids.reversed() { _ = try await installation.createChannel(.example(id: id)) }
            var (found, last) = ([ChannelID](), "")
            while true {
                let page = try await installation.channels.page(of: .example, after: last, limit: 4)
                guard let end = page.last else { break }
                found += page.map(\.id)
                last = end.id.rawValue
            }

            #expect(found == ids)
        }
    }
}
