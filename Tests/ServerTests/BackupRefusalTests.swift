import Database
import FoundationEssentials
import RostrumTesting
import Server
import Testing

/// What is not backed up, and says so.
@Suite struct BackupRefusalTests {
    @Test("thirty backups may stand on each other, and no more")
    func longChain() async throws {
        try await BackedUpInstallation.with { installation in
            try await installation.backup("b1")
            for number in 2...30 { try await installation.backup("b\(number)", since: "b\(number - 1)") }

            let error = await #expect(throws: StartError.self) { try await installation.backup("b31", since: "b30") }

            #expect(error?.description.contains("make one without --since") == true)
            #expect(!FileManager.default.fileExists(atPath: installation.file("b31")))
            #expect(try await installation.refusal(restoring: "b30") == nil)
        }
    }

    @Test("a log that is damaged is not left out of a backup without a word")
    func damagedLog() async throws {
        try await BackedUpInstallation.with { installation in
            let target = try installation.emptyDirectory("killed")
            try await installation.open { opened in
                for text in ["a", "b", "c"] { _ = try await MovableInstallation.post(text, in: opened) }
                for ending in ["", "-wal"] {
                    try FileManager.default.copyItem(
                        atPath: installation.directory.database + ending,
                        toPath: target.database + ending
                    )
                }
            }
            try installation.change("killed/rostrum.db-wal") { $0[$0.startIndex + 100] ^= 1 }

            let error = await #expect(throws: StartError.self) {
                try await Backup.make(of: target, to: installation.file("b"))
            }

            #expect(error?.description.contains("\(target.database)-wal: the file is damaged") == true)
            #expect(!FileManager.default.fileExists(atPath: installation.file("b")))
        }
    }
}
