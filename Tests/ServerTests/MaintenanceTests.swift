import Chat
import ChatProtocol
import Database
import Logging
import RostrumTesting
import Server
import ServiceLifecycle
import Testing

/// Which node sweeps.
@Suite struct MaintenanceTests {
    /// Something that the next sweep takes away.
    private func litter(_ installation: TestInstallation) async throws {
        _ = try await installation.database.write { tx throws(ChatError) in
            try tx.execute(
                """
                INSERT INTO idempotency_keys (app, idempotency_key, digest, result, created_at)
                VALUES (\(SDKAppID.example), 'old', \([UInt8]()), \([UInt8]()), 0)
                """
            )
        }
    }

    private func isLittered(_ installation: TestInstallation) async throws -> Bool {
        try await installation.database.read { tx throws(ChatError) in
            try tx.row("SELECT 1 FROM idempotency_keys") != nil
        }
    }

    @Test("one node sweeps, and the next one when it has ended", arguments: StorageEngine.enabled)
    func moves(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let time = ManualTime()
            let (first, second) = (installation.leases(seed: 1, time: time), installation.leases(seed: 2, time: time))
            try await first.beat()
            try await second.beat()
            _ = try #require(try await first.lease(of: .maintenance))
            let logger = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
            let sweeping = Maintenance(
                sweep: installation.systems.sweep,
                leases: second,
                interval: .milliseconds(5),
                logger: logger
            )
            let group = ServiceGroup(configuration: .init(services: [sweeping], logger: logger))
            try await litter(installation)

            try await withThrowingTaskGroup { tasks in
                tasks.addTask { try await group.run() }
                for _ in 0..<20 {
                    try await Task.sleep(for: .milliseconds(5))
                    #expect(try await isLittered(installation))
                }
                try await first.end()
                try await waitUntil("the second node has swept") { try await !isLittered(installation) }
                await group.triggerGracefulShutdown()
                try await tasks.waitForAll()
            }
        }
    }
}
