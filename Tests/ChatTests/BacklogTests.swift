import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// What waits in the outboxes, as an operator is told by metrics.
@Suite struct BacklogTests {
    private func fill(_ installation: TestInstallation, _ id: ChannelID) async throws {
        _ = try await installation.channels.create(.example(id: id), for: installation.call())
    }

    @Test("nothing waits", arguments: StorageEngine.enabled)
    func nothing(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let standing = try await installation.deliveries.standing()
            #expect(standing == Deliveries.Standing())
        }
    }

    @Test("events are counted, and the oldest is found however its channel stands", arguments: StorageEngine.enabled)
    func waits(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setWebhooks([.afterCreate, .afterInfoChanged])
            let start = installation.clock.now
            try await fill(installation, .news)
            installation.clock.advance(seconds: 5)
            try await fill(installation, ChannelID("@TOA#_other"))
            try await installation.channels.modify(.news, .example(name: "new"), for: installation.call())

            var standing = try await installation.deliveries.standing()
            #expect(standing.waiting == 3)
            #expect(standing.oldest == start)
            #expect(standing.dueSince == start)

            // The oldest fails and is due later; it is still the oldest.
            installation.backend.answerAll(with: .reply("", status: 503))
            try await installation.deliver()
            standing = try await installation.deliveries.standing()
            #expect(standing.waiting == 3)
            #expect(standing.oldest == start)
            #expect(standing.dueSince == nil)

            installation.clock.advance(seconds: 3)
            standing = try await installation.deliveries.standing()
            #expect(standing.dueSince == start.advanced(bySeconds: 6))

            installation.backend.answerAll(with: .accepted)
            while try await !installation.due().isEmpty { try await installation.deliver() }
            #expect(try await installation.deliveries.standing() == Deliveries.Standing())
        }
    }

    @Test("no more channels are looked at than the bound says", arguments: StorageEngine.enabled)
    func bounded(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let most = Deliveries.lanesLooked
            for first in stride(from: 0, to: most + 50, by: 50) {
                let rows = (first..<first + 50).map { number -> [any SQLBindable] in
                    [SDKAppID.example, "c\(number)", Int64(1), Int64(0), Int64(number)]
                }
                let events = (first..<first + 50).map { number -> [any SQLBindable] in
                    [
                        SDKAppID.example, "c\(number)", Int64(1), "d\(number)", "x", [UInt8](), "", "Web",
                        Int64(2_000_000 - number),
                    ]
                }
                try await installation.execute(
                    "INSERT INTO outbox_lanes (app, channel, last_number, failures, due_at) VALUES \(rows: rows)"
                )
                try await installation.execute(
                    """
                    INSERT INTO outbox (app, channel, number, delivery, command, body, client_address, platform, queued_at)
                    VALUES \(rows: events)
                    """
                )
            }
            let standing = try await installation.deliveries.standing()
            #expect(standing.waiting == Int64(most))
            #expect(standing.oldest == Timestamp(milliseconds: Int64(2_000_000 - most + 1)))
            #expect(standing.dueSince == Timestamp(milliseconds: 0))
        }
    }
}
