import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// Channels as users are shown them (docs/subscriber-protocol.md).
@Suite struct ChannelItemTests {
    private static let other = ChannelID("@TOA#_other")
    private static let none = ChannelID("@TOA#_none")

    @Test("each channel comes in its place, one's own with the subscription", arguments: StorageEngine.enabled)
    func items(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.createChannel(.example(id: Self.other))
            installation.clock.advance(seconds: 9)
            _ = try await installation.subscribe("anna")
            let subscribers = installation.subscribers
            try await subscribers.setCustomString("vip", of: "anna", in: .news, for: installation.call())
            try await subscribers.setMessageFlag(.acceptNotNotify, in: .news, for: installation.ownCall())
            _ = try await installation.send(.example())

            let ids = [Self.other, Self.none, .news, Self.none]
            let items = try await subscribers.items(ids, for: installation.ownCall())

            func position(_ id: ChannelID, _ head: Int64) async throws -> [JSONObject.Member] {
                let position: JSONObject = [
                    "Epoch": .string(try await installation.epoch(of: id)),
                    "HeadMsgSeq": .integer(head), "HeadEventSeq": .integer(head),
                ]
                return position.members
            }
            let info = JSONValue(#"{"SubscribeTime":1767225609,"CustomString":"vip","MsgFlag":"AcceptNotNotify"}"#)
            let news = try await installation.channel().item + position(.news, 1)
            let other = try await installation.channel(Self.other).item + position(Self.other, 0)
            #expect(items[0].members == other)
            #expect(items[1] == OfficialChannel.missingItem(Self.none) && items[3] == items[1])
            #expect(items[2].members == news + [.init(name: "SelfInfo", value: info)])
            #expect(items[1]["ErrorCode"]?.integer == 130004)
            #expect(try await subscribers.items([], for: installation.ownCall()) == [])
        }
    }

    @Test(
        "one's own channels come newest first, up to the limit, each as it comes by its name",
        arguments: StorageEngine.enabled
    )
    func own(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            let ids = (0..<5).map { ChannelID("@TOA#_c\($0)") }
            for id in ids {
                installation.clock.advance(seconds: 1)
                _ = try await installation.createChannel(.example(id: id))
                _ = try await installation.subscribe(["anna"], to: id)
            }
            _ = try await installation.subscribe("bob")
            let subscribers = installation.subscribers

            let all = try await subscribers.ownItems(limit: 200, for: installation.ownCall())
            let two = try await subscribers.ownItems(limit: 2, for: installation.ownCall())
            let next = try await subscribers.ownItems(offset: 2, limit: 2, for: installation.ownCall())
            let nobody = try await subscribers.ownItems(limit: 200, for: installation.ownCall(UserID("nobody")))

            #expect(all.items == (try await subscribers.items(ids.reversed(), for: installation.ownCall())))
            #expect(two.items == Array(all.items.prefix(2)))
            #expect(next.items == Array(all.items.dropFirst(2).prefix(2)))
            #expect(nobody.items == [])
            #expect([all.total, two.total, next.total, nobody.total] == [5, 5, 5, 0])
        }
    }

    @Test("every channel of the application is listed by its ID, page by page", arguments: StorageEngine.enabled)
    func list(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.applications.create(.example(id: .other), by: installation.operation())
            _ = try await installation.channels.create(.example(), for: installation.call(of: .other))
            let ids = ["a", "B", "c", "d", "e"].map { ChannelID("@TOA#_\($0)") }
            for id in ids { _ = try await installation.createChannel(.example(id: id)) }
            try await installation.channels.destroy(ids[3], for: installation.call())
            _ = try await installation.subscribe(["administrator"], to: ids[0])

            var pages: [[String?]] = []
            for offset in Int64(0)..<3 {
                let (items, total) = try await installation.channels.list(
                    offset: offset * 2,
                    limit: 2,
                    for: installation.ownCall(.administrator)
                )
                #expect(total == 4)
                for item in items {
                    let id = ChannelID(item["Official_Account"]?.text ?? "")
                    #expect(item["Epoch"]?.text == (try await installation.epoch(of: id)))
                    #expect(item["HeadMsgSeq"]?.integer == 0 && item["SelfInfo"] == nil)
                }
                pages.append(items.map { $0["Official_Account"]?.text })
            }

            #expect(pages == [["@TOA#_B", "@TOA#_a"], ["@TOA#_c", "@TOA#_e"], []])
            // The third is gone, and the list goes on after it all the same.
            for (last, shown, hasMore) in [(ids[1], ["a", "c"], true), (ids[3], ["e"], false), (ids[4], [], false)] {
                let page = try await installation.channels.list(
                    after: last,
                    limit: 2,
                    for: installation.ownCall(.administrator)
                )
                #expect(page.items.compactMap { $0["Official_Account"]?.text } == shown.map { "@TOA#_\($0)" })
                #expect(page.hasMore == hasMore)
                #expect(page.total == 4)
            }
        }
    }
}
