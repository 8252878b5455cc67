import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// A channel's history, and what is left of old broadcasts (spec/official-channels.md B.12).
@Suite struct BroadcastHistoryTests {
    private static let day: Int64 = 86_400

    @Test("a page holds the newest before the key, oldest first", arguments: StorageEngine.enabled)
    func pages(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            let keys = try await installation.sendMany(7)

            var found: [[Int64]] = []
            var key: MessageKey?
            repeat {
                let page = try await installation.history(before: key, number: 3)
                #expect(page.isComplete)
                found.append(page.numbers)
                key = page.broadcasts.first?.key
            } while key != nil

            #expect(found == [[5, 6, 7], [2, 3, 4], [1], []])
            let middle = try await installation.history(before: keys[3], number: 1).broadcasts
            #expect(middle.map(\.key) == [keys[2]])
            #expect(middle.map(\.text) == ["m3"])
        }
    }

    @Test("a page shows what was sent", arguments: StorageEngine.enabled)
    func content(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            let body = try MessageBody(
                JSONValue(
                    #"[{"MsgType":"TIMLocationElem","MsgContent":{"Desc":"ü\u0000\u0001","Latitude":29.340656774469956,"Longitude":-0.0}},"#
                        + #"{"MsgType":"TIMCustomElem","MsgContent":{"Data":"{}","Vendor":[1.0,null]}}]"#
                ).items
            )
            var new = NewBroadcast(channel: .news, random: 4_294_967_295, body: body)
            new.cloudCustomData = ""
            let first = try await installation.send(new)
            let second = try await installation.send(.example(random: 0))

            let broadcasts = try await installation.history().broadcasts

            #expect(broadcasts.map(\.key) == [first, second])
            #expect(broadcasts.map(\.random) == [4_294_967_295, 0])
            #expect(broadcasts[0].content == .message(body, cloudCustomData: ""))
            #expect(broadcasts[1].content == .message(.example(), cloudCustomData: nil))
        }
    }

    @Test(
        "at most 20 are given; a page says when more was asked for and is there",
        arguments: StorageEngine.enabled,
        [
            (stored: 20, asked: 20, given: 20, complete: true), (20, 21, 20, true), (20, 1000, 20, true),
            (21, 20, 20, true), (21, 21, 20, false), (21, .max, 20, false), (0, 20, 0, true), (3, 1, 1, true),
        ] as [(stored: Int, asked: Int64, given: Int, complete: Bool)]
    )
    func largest(
        engine: StorageEngine,
        row: (stored: Int, asked: Int64, given: Int, complete: Bool)
    ) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            if row.stored > 0 { _ = try await installation.sendMany(row.stored) }

            let page = try await installation.history(number: row.asked)

            #expect(page.broadcasts.count == row.given)
            #expect(page.isComplete == row.complete)
            #expect(page.numbers == page.numbers.sorted())
            #expect(page.numbers.last == (row.stored > 0 ? Int64(row.stored) : nil), "the newest are given")
        }
    }

    @Test("a key of a number that was never taken is a place all the same", arguments: StorageEngine.enabled)
    func foreignKeys(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            _ = try await installation.sendMany(3)

            for (seq, expected) in [(Int64.max, [1, 2, 3]), (3, [1, 2]), (1, [])] as [(Int64, [Int64])] {
                let page = try await installation.history(before: MessageKey(seq: seq, seconds: 0))
                #expect(page.numbers == expected)
            }
        }
    }

    // Old broadcasts.

    @Test(
        "a broadcast older than historyDays is a placeholder, before the sweep as after it",
        arguments: StorageEngine.enabled
    )
    func expired(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let first = try await installation.send(.example("a", cloudCustomData: "private"))
            installation.clock.advance(seconds: 10)
            let second = try await installation.send(.example("b"))
            installation.clock.advance(milliseconds: (7 * Self.day - 10) * 1000 - 1)

            let lastMoment = try await installation.history().broadcasts
            #expect(lastMoment.map(\.text) == ["a", "b"])

            installation.clock.advance(milliseconds: 1)
            let page = try await installation.history()
            #expect(page.broadcasts.map(\.key) == [first, second])
            #expect(page.broadcasts.map(\.content)[0] == .expired)
            #expect(page.broadcasts.map(\.text) == [nil, "b"])

            try await installation.systems.sweep.run()
            #expect(try await installation.history().broadcasts == page.broadcasts)
        }
    }

    @Test(
        "the sweep takes also the content of an application whose secrets do not open",
        arguments: StorageEngine.enabled
    )
    func sweptWithoutSecrets(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            _ = try await installation.send(.example("a"))
            try await installation.execute("UPDATE applications SET webhook_token_sealed = webhook_secret_sealed")
            installation.clock.advance(seconds: 7 * Self.day)

            try await installation.systems.sweep.run()

            #expect(try await installation.number("SELECT count(*) FROM broadcasts WHERE body IS NOT NULL") == 0)
        }
    }

    @Test(
        "the sweep takes the content of old broadcasts out of the storage and leaves the others'",
        arguments: StorageEngine.enabled
    )
    func swept(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let push = try OfflinePushInfo(["Title": .string("Harbour")])
            _ = try await installation.send(.example("a", cloudCustomData: "private").with { $0.pushInfo = push })
            installation.clock.advance(seconds: 10)
            _ = try await installation.send(.example("b", cloudCustomData: "kept").with { $0.pushInfo = push })
            installation.clock.advance(milliseconds: (7 * Self.day - 10) * 1000 - 1)
            let content: SQL = """
                SELECT count(body) + count(cloud_custom_data) + count(push_info) FROM broadcasts GROUP BY seq ORDER BY seq
                """

            try await installation.systems.sweep.run()
            #expect(try await installation.numbers(content) == [3, 3])
            installation.clock.advance(milliseconds: 1)
            try await installation.systems.sweep.run()
            #expect(try await installation.numbers(content) == [0, 3])
            #expect(try await installation.send(.example("c")).seq == 3, "numbers go on")
        }
    }

    @Test("more old broadcasts than one batch of the sweep all go in one run", arguments: StorageEngine.enabled)
    func sweptInBatches(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            try await withThrowingDiscardingTaskGroup { group in
                for number in 0..<1100 { group.addTask { _ = try await installation.send(.example("m\(number)")) } }
            }
            installation.clock.advance(seconds: 7 * Self.day)

            try await installation.systems.sweep.run()

            #expect(try await installation.number("SELECT count(*) FROM broadcasts WHERE body IS NOT NULL") == 0)
            #expect(try await installation.count("broadcasts") == 1100)
        }
    }

    @Test("the retention is the application's as it is now", arguments: StorageEngine.enabled)
    func changedRetention(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            _ = try await installation.send(.example())
            installation.clock.advance(seconds: 3 * Self.day)

            try await installation.setLimits([.historyDays: 3])
            #expect(try await installation.history().broadcasts.map(\.content) == [.expired])
            try await installation.setLimits([.historyDays: 4])
            #expect(try await installation.history().broadcasts.map(\.text) == ["Ferry 7 is delayed"])
            try await installation.setLimits([.historyDays: 0])
            installation.clock.advance(seconds: 30_000 * Self.day)
            try await installation.systems.sweep.run()
            #expect(try await installation.history().broadcasts.map(\.text) == ["Ferry 7 is delayed"])
        }
    }

    @Test(
        "a body in the storage that nobody can read is a fault, not an empty broadcast",
        arguments: StorageEngine.enabled
    )
    func unreadable(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            _ = try await installation.send(.example())
            try await installation.execute("UPDATE broadcasts SET body = \(Array("{}".utf8))")

            let error = await refusal { try await installation.history() }
            #expect(error?.storageFault == .corrupt)
        }
    }
}
