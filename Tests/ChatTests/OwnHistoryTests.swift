import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// A channel's history as a subscriber sees it: from his subscription on.
@Suite struct OwnHistoryTests {
    @Test("pages end where the subscription begins", arguments: StorageEngine.enabled)
    func pages(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareChannel()
            _ = try await installation.sendMany(3)
            _ = try await installation.subscribe("anna")
            for number in 4...8 { _ = try await installation.send(.example("m\(number)")) }

            var found: [[Int64]] = []
            var key: MessageKey?
            repeat {
                let page = try await installation.ownHistory(before: key, number: 2)
                #expect(page.isComplete)
                found.append(page.numbers)
                key = page.broadcasts.first?.key
            } while key != nil

            #expect(found == [[7, 8], [5, 6], [4], []])
            let older = try await installation.ownHistory(before: MessageKey(seq: 4, seconds: 0))
            #expect(older.numbers == [], "a key from before the subscription opens nothing")
            #expect(try await installation.history().numbers == Array(1...8))
        }
    }

    @Test(
        "it shows what the admin's shows: content, recalls, what has expired, whether it is all",
        arguments: StorageEngine.enabled
    )
    func alike(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            _ = try await installation.send(.example("old"))
            installation.clock.advance(seconds: 7 * 86_400)
            let keys = try await installation.sendMany(25)
            _ = try await installation.recall(keys[23].rawValue)

            for (number, withRecalled) in [(Int64(1), false), (3, true), (20, false), (26, true)] {
                for key in [nil, keys[5]] {
                    let own = try await installation.ownHistory(before: key, number: number, withRecalled: withRecalled)
                    let full = try await installation.history(before: key, number: number, withRecalled: withRecalled)
                    #expect(own.broadcasts == full.broadcasts && own.isComplete == full.isComplete)
                    #expect(own.reply(of: .news) == full.reply(of: .news))
                }
            }
        }
    }

    @Test(
        "a user who does not subscribe has no history, and a channel that is not there none",
        arguments: StorageEngine.enabled
    )
    func refused(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            _ = try await installation.send(.example())
            _ = try await installation.unsubscribe("anna")

            let stranger = await refusal { try await installation.ownHistory() }
            try await installation.channels.destroy(.news, for: installation.call())
            let gone = await refusal { try await installation.ownHistory() }

            #expect([stranger?.code.rawValue, gone?.code.rawValue] == [131003, 130004])
        }
    }
}

extension TestInstallation {
    fileprivate func ownHistory(
        before key: MessageKey? = nil,
        number: Int64 = 20,
        withRecalled: Bool = false
    ) async throws -> HistoryPage {
        try await broadcasts.ownHistory(
            of: .news,
            before: key,
            number: number,
            withRecalled: withRecalled,
            for: ownCall()
        )
    }
}
