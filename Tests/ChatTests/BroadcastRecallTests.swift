import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// Broadcasts are recalled (spec/official-channels.md B.11).
@Suite struct BroadcastRecallTests {
    @Test("a recalled broadcast is hidden, or shown without its content", arguments: StorageEngine.enabled)
    func recalled(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            let keys = try await installation.sendMany(3)

            let codes = try await installation.recall(keys[1].rawValue)

            #expect(codes == [.ok])
            #expect(try await installation.history().numbers == [1, 3])
            let shown = try await installation.history(withRecalled: true).broadcasts
            #expect(shown.map(\.key) == keys)
            #expect(shown.map(\.text) == ["m1", nil, "m3"])
            #expect(shown[1].content == .recalled)
        }
    }

    @Test("a page without the recalled ones is as full as one with them", arguments: StorageEngine.enabled)
    func pages(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            let keys = try await installation.sendMany(6)
            _ = try await installation.recall(keys[3].rawValue, keys[4].rawValue)

            #expect(try await installation.history(number: 2).numbers == [3, 6])
            #expect(try await installation.history(before: keys[4], number: 2).numbers == [2, 3])
            #expect(try await installation.history(number: 2, withRecalled: true).numbers == [5, 6])
        }
    }

    @Test("its content is gone from the storage, its number stays", arguments: StorageEngine.enabled)
    func contentIsGone(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            let push = try OfflinePushInfo(["Title": .string("Harbour")])
            let key = try await installation.send(.example(cloudCustomData: "private").with { $0.pushInfo = push })

            installation.clock.advance(seconds: 5)
            let codes = try await installation.recall(key.rawValue, reason: "wrong pier")

            #expect(codes == [.ok])
            let left = try await installation.database.read { tx throws(ChatError) in
                try tx.row(
                    """
                    SELECT count(body) + count(cloud_custom_data) + count(push_info), max(recalled_at),
                        max(recall_reason) FROM broadcasts
                    """
                )
            }
            #expect(try left?.integer(0) == 0)
            #expect(try left?.timestamp(1) == installation.clock.now)
            #expect(try left?.text(2) == "wrong pier")
            #expect(try await installation.send(.example("next")).seq == 2)
        }
    }

    @Test("each key is judged by itself, in the order given", arguments: StorageEngine.enabled)
    func itemCodes(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let other = ChannelID("@TOA#_other")
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            _ = try await installation.createChannel(.example(id: other))
            let keys = try await installation.sendMany(2).map(\.rawValue)
            installation.clock.advance(seconds: 1)
            let elsewhere = try await installation.send(.example(to: other)).rawValue
            let online = try await installation.send(.example("o").with { $0.isOnlineOnly = true }).rawValue

            let codes = try await installation.recall(
                elsewhere,
                keys[1],
                "no key",
                online,
                keys[1],
                keys[0],
                "2_1_1767225601"
            )

            let missing = ErrorCode.messageNotFound
            #expect(codes == [missing, .ok, missing, missing, missing, .ok, missing])
            #expect(try await installation.history(of: other).numbers == [1], "the other channel's stays")
        }
    }

    @Test(
        "a malformed key is 10030 and changes nothing",
        arguments: StorageEngine.enabled,
        [
            "", "1", "1_1", "1_1_", "_1_1767225600", "1_2_1767225600", "01_1_1767225600", "1_1_01767225600",
            "+1_1_1767225600", "-1_1_1767225600", "1_1_1767225600 ", "1_1_1767225600_1", "0_1_1767225600",
            "99999999999999999999_1_1767225600", "１_1_1767225600", "1_1_1767225600\u{0}",
            String(repeating: "1", count: 100_000),
        ]
    )
    func malformed(engine: StorageEngine, key: String) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let sent = try await installation.send(.example())
            #expect(sent.rawValue == "1_1_1767225600")

            #expect(try await installation.recall(key) == [.messageNotFound])
            #expect(try await installation.history().numbers == [1])
        }
    }

    @Test("a broadcast is recalled once", arguments: StorageEngine.enabled)
    func twice(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let key = try await installation.send(.example()).rawValue
            _ = try await installation.recall(key, reason: "first")

            let codes = try await installation.recall(key, reason: "second")

            #expect(codes == [.messageNotFound])
            let reason = try await installation.database.read { tx throws(ChatError) in
                try tx.row("SELECT recall_reason FROM broadcasts")?.text(0)
            }
            #expect(reason == "first")
        }
    }

    @Test("of many that recall one broadcast at once, one does", arguments: StorageEngine.enabled)
    func atOnce(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let key = try await installation.send(.example()).rawValue

            let codes = try await withThrowingTaskGroup(of: [ErrorCode].self) { group in
                for _ in 0..<20 { group.addTask { try await installation.recall(key) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }

            #expect(codes.filter { $0 == .ok }.count == 1)
            #expect(codes.filter { $0 == .messageNotFound }.count == 19)
            #expect(try await installation.findChannel()?.eventSeq == 2)
        }
    }

    @Test("a broadcast can be recalled as long as it is kept and no longer", arguments: StorageEngine.enabled)
    func expired(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            _ = try await installation.createChannel()
            let keys = try await installation.sendMany(2)
            installation.clock.advance(milliseconds: 7 * 86_400_000 - 1)
            #expect(try await installation.recall(keys[0].rawValue) == [.ok])

            installation.clock.advance(milliseconds: 1)
            #expect(try await installation.recall(keys[1].rawValue) == [.messageNotFound])
            try await installation.systems.sweep.run()
            #expect(try await installation.recall(keys[1].rawValue) == [.messageNotFound])
            let shown = try await installation.history(withRecalled: true).broadcasts
            #expect(shown.map(\.content) == [.recalled, .expired])
        }
    }

    @Test("an idempotent retry is told the first codes", arguments: StorageEngine.enabled)
    func idempotent(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let key = try await installation.send(.example()).rawValue
            var codes: [[ErrorCode]] = []
            for _ in 0..<2 {
                let call = try await installation.call(idempotencyKey: .example())
                codes.append(
                    try await installation.broadcasts.recall([key, "9_1_9"], reason: nil, in: .news, for: call)
                )
            }

            #expect(codes == [[.ok, .messageNotFound], [.ok, .messageNotFound]])
        }
    }

    @Test(
        "the audit tells which were recalled, and nothing of calls that recalled none",
        arguments: StorageEngine.enabled
    )
    func audited(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.createChannel()
            let key = try await installation.send(.example()).rawValue
            for _ in 0..<2 { _ = try await installation.recall(key, "9_1_9") }

            let entries = try await installation.audit().filter { $0.action == "official_account_msg_recall" }
            #expect(entries.map(\.target) == ["@TOA#_news \(key)"])
        }
    }
}
