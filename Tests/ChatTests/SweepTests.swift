import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// The sweep goes in batches and lets go between them.
@Suite struct SweepTests {
    @Test(
        "the installation's audit is kept for 400 days, whatever the emulator's clock shows",
        arguments: StorageEngine.enabled
    )
    func installationAudit(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            installation.clock.advance(seconds: 1000 * 86_400)
            let oldest = SystemClock().now.advanced(bySeconds: -400 * 86_400)
            for (request, time) in [("kept", oldest.advanced(bySeconds: 3600)), ("gone", oldest)] {
                try await installation.execute(
                    """
                    INSERT INTO operator_audit (at, request, operator, address, action, target)
                    VALUES (\(time), \(request), 'operator:alice', '', 'sign-in', 'alice')
                    """
                )
            }

            try await installation.systems.sweep.run()

            let left = Set(try await installation.systems.operators.audit(10).map(\.requestID))
            #expect(left.intersection(["kept", "gone"]) == ["kept"])
        }
    }

    @Test(
        "a sweep whose task is cancelled ends between two batches, and the next one goes on",
        arguments: StorageEngine.enabled
    )
    func cancelled(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let names = (0..<1200).map { UserID("user_\($0)") }
            _ = try await installation.accounts.importAll(names.map { NewAccount(id: $0) }, for: installation.call())
            try await installation.importAccounts("anna")
            let news = try await installation.channels.create(.example(), for: installation.call())
            for first in stride(from: 0, to: names.count, by: 100) {
                let some = names[first..<first + 100].map(\.rawValue)
                _ = try await installation.subscribers.add(some, to: news, for: installation.call())
            }
            try await installation.channels.destroy(news, for: installation.call())
            func left() async throws -> Int64? {
                try await installation.database.read { tx throws(ChatError) in
                    try tx.row("SELECT count(*) FROM subscriptions")?.integer(0)
                }
            }

            await withTaskGroup { tasks in
                tasks.addTask { try? await installation.systems.sweep.run() }
                tasks.cancelAll()
            }
            let afterCancellation = try await left()
            try await installation.systems.sweep.run()

            // Cancelled before its first batch, or after it: never to the end.
            #expect(try #require(afterCancellation) >= 1200 - 2 * Int64(Sweep.batch))
            #expect(try await left() == 0)
        }
    }
}
