import Chat
import ChatProtocol
import Database
import FoundationEssentials
import RostrumTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@testable import Server

/// What `rostrum doctor` says of a data directory that something is wrong with, or that a server runs on.
@Suite struct DoctorStorageTests {
    private func examine(_ installation: BackedUpInstallation, _ subject: Finding.Subject) async -> Finding? {
        let flags = ["data-dir": [installation.directory.path]]
        let findings = await Doctor.examine(flags: flags, environment: [:], file: nil).filter { $0.subject == subject }
        return findings.first { $0.level == .error } ?? findings.first { $0.level == .warning } ?? findings.first
    }

    @Test("of a server that runs its own limit is told, else that of the shell")
    func whoseLimit() async throws {
        try await BackedUpInstallation.with { installation in
            #expect(await examine(installation, .limits)?.text.contains("this shell") == true)

            let lock = try installation.directory.lock()
            let finding = await examine(installation, .limits)
            _ = consume lock

            #expect(finding?.text.contains("the server, process \(getpid()), may have") == true)
        }
    }

    @Test("an older schema is a warning, for the next start migrates it")
    func olderSchema() async throws {
        try await BackedUpInstallation.with { installation in
            try await installation.open { opened in
                _ = try await opened.database.write { tx throws(ChatError) in
                    try tx.execute("DELETE FROM schema_migrations WHERE number = \(Int64(Schema.migrations.count))")
                }
            }

            let older = await examine(installation, .database)

            #expect(older?.level == .warning && older?.advice?.contains("migrates") == true)
        }
    }

    @Test("a damaged log, and a table that is not there, are errors with advice of their own")
    func faults() async throws {
        try await BackedUpInstallation.withKilled { installation in
            try installation.change("data/rostrum.db-wal") { $0[$0.startIndex + 100] ^= 1 }
            let damaged = await examine(installation, .database)
            #expect(damaged?.level == .error && damaged?.advice?.contains("restore the newest backup") == true)
            #expect(damaged?.text.contains("-wal") == true, "\(String(describing: damaged))")

            try installation.change("data/rostrum.db-wal") { $0[$0.startIndex + 100] ^= 1 }
            try await installation.open { opened in
                _ = try await opened.database.write { tx throws(ChatError) in
                    try tx.execute("ALTER TABLE storage_properties RENAME TO other")
                }
            }
            let incomplete = await examine(installation, .database)
            #expect(incomplete?.level == .error && incomplete?.advice?.contains("restore") == false)
        }
    }

    @Test("a log whose end is torn is a warning, once")
    func torn() async throws {
        try await BackedUpInstallation.withKilled { installation in
            try installation.change("data/rostrum.db-wal") { $0[$0.endIndex - 1] ^= 1 }
            let first = await examine(installation, .database)
            let second = await examine(installation, .database)

            #expect(first?.level == .warning && first?.advice?.contains("--new-generation") == true)
            #expect(first?.text.contains("what was written last is torn at frame") == true)
            #expect(second?.level == .ok)
        }
    }
}
