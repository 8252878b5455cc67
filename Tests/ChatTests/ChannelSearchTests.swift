import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// An operator lists channels by any order and finds them by how their ID or name begins.
@Suite struct ChannelSearchTests {
    /// Creates channels of these names one second after another; their IDs end in the given letters.
    private func fill(_ installation: TestInstallation, _ channels: [(id: String, name: String)]) async throws {
        for (id, name) in channels {
            installation.clock.advance(seconds: 1)
            let new = NewChannel.example(id: ChannelID(rawValue: "@TOA#_\(id)"), profile: ChannelProfile(name: name))
            _ = try await installation.createChannel(new)
        }
    }

    /// The letters of all channels that a search finds, read in pages of two.
    private func walk(
        _ installation: TestInstallation,
        _ order: ChannelSearch.Order,
        isDescending: Bool = false,
        beginning: String = ""
    ) async throws -> [String] {
        var (found, place): ([String], ChannelSearch.Place?) = ([], nil)
        repeat {
            let page = try await installation.channels.search(
                ChannelSearch(order, isDescending: isDescending, beginning: beginning, after: place),
                limit: 2,
                of: installation.application(),
                at: installation.clock.now
            )
            found += page.channels.map { String($0.id.rawValue.dropFirst(ChannelID.prefix.count)) }
            place = page.next
        } while place != nil && found.count < 100
        return found
    }

    private static let channels = [
        (id: "c", name: "Tides"), (id: "a", name: "Ferries"), (id: "b", name: "Ferries"), (id: "bb", name: "Ferr"),
        (id: "d", name: "天气"), (id: "e", name: "\u{10FFFF}"),
    ]

    @Test(
        "pages in any order meet every channel once",
        arguments: StorageEngine.enabled,
        [
            (ChannelSearch.Order.id, ["a", "b", "bb", "c", "d", "e"]), (.name, ["bb", "a", "b", "c", "d", "e"]),
            (.created, ["c", "a", "b", "bb", "d", "e"]), (.subscribers, ["c", "a", "bb", "d", "e", "b"]),
        ]
    )
    func orders(engine: StorageEngine, expected: (order: ChannelSearch.Order, ids: [String])) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation, Self.channels)
            try await installation.importAccounts("anna")
            _ = try await installation.subscribers.add(["anna"], to: ChannelID("@TOA#_b"), for: installation.call())

            let up = try await walk(installation, expected.order)
            let down = try await walk(installation, expected.order, isDescending: true)

            #expect(up == expected.ids)
            #expect(down == expected.ids.reversed())
        }
    }

    @Test(
        "what begins as asked for is found, and nothing else",
        arguments: StorageEngine.enabled,
        [
            (ChannelSearch.Order.id, "b", ["b", "bb"]), (.id, "@TOA#_b", ["b", "bb"]), (.id, "@TOA#_bb", ["bb"]),
            (.id, "@TO", ["a", "b", "bb", "c", "d", "e"]), (.id, "B", []), (.name, "Ferr", ["bb", "a", "b"]),
            (.name, "Ferries", ["a", "b"]), (.name, "天", ["d"]), (.name, "\u{10FFFF}", ["e"]), (.name, "%", []),
            (.name, "ferr", []),
        ]
    )
    func beginnings(
        engine: StorageEngine,
        expected: (order: ChannelSearch.Order, beginning: String, ids: [String])
    ) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation, Self.channels)

            let up = try await walk(installation, expected.order, beginning: expected.beginning)
            let down = try await walk(
                installation,
                expected.order,
                isDescending: true,
                beginning: expected.beginning
            )

            #expect(up == expected.ids)
            #expect(down == expected.ids.reversed())
        }
    }

    @Test("a page begins where the last ended, also when that channel is gone", arguments: StorageEngine.enabled)
    func gone(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation, Self.channels)
            let application = try await installation.application()
            let first = try await installation.channels.search(
                ChannelSearch(.name),
                limit: 2,
                of: application,
                at: installation.clock.now
            )
            try await installation.channels.destroy(ChannelID("@TOA#_a"), for: installation.call())

            let second = try await installation.channels.search(
                ChannelSearch(.name, after: first.next),
                limit: 1,
                of: application,
                at: installation.clock.now
            )

            let created = try #require(first.channels.last).createdAt.milliseconds
            #expect(first.next == ChannelSearch.Place(id: "@TOA#_a", value: "\(created) Ferries"))
            #expect(second.channels.map(\.id.rawValue) == ["@TOA#_b"])
            #expect(second.total == 5)
        }
    }

    @Test("a place that is none is refused", arguments: StorageEngine.enabled, ["soon", "", "1\u{0}", "1 2"])
    func noPlace(engine: StorageEngine, value: String) async throws {
        try await engine.withInstallation { installation in
            let application = try await installation.application()
            let search = ChannelSearch(.created, after: ChannelSearch.Place(id: "@TOA#_a", value: value))

            let refused = await refusal {
                try await installation.channels.search(search, limit: 2, of: application, at: installation.clock.now)
            }

            #expect(refused?.code == .parameterInvalid)
        }
    }
}
