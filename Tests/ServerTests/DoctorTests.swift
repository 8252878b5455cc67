import Chat
import ChatProtocol
import Database
import DatabasePostgres
import FoundationEssentials
import RostrumTesting
import Testing

@testable import Server

/// What `rostrum doctor` finds, and what it says of it.
@Suite struct DoctorTests {
    private static let now = Date(timeIntervalSince1970: 1_767_225_600)

    private func examine(_ flags: [String: String], now: Date = now) async -> [Finding] {
        await Doctor.examine(flags: flags.mapValues { [$0] }, environment: [:], file: nil, now: now)
    }

    private func worst(_ findings: [Finding], _ subject: Finding.Subject) -> Finding? {
        let findings = findings.filter { $0.subject == subject }
        return findings.first { $0.level == .error } ?? findings.first { $0.level == .warning } ?? findings.first
    }

    @Test("a sound installation has no errors, and nothing of it is changed")
    func sound() async throws {
        try await BackedUpInstallation.with { installation in
            let before = try await installation.contents()

            let findings = await examine(["data-dir": installation.directory.path])

            #expect(!findings.contains { $0.level == .error }, "\(findings)")
            for subject in [Finding.Subject.settings, .clock, .limits, .disk, .fsync, .database, .masterKey] {
                #expect(worst(findings, subject) != nil, "\(subject)")
            }
            #expect(try await installation.contents() == before)
            #expect(!FileManager.default.fileExists(atPath: "\(installation.directory.path)/.rostrum-doctor"))
        }
    }

    @Test("every finding that is not fine says what to do")
    func advice() async throws {
        let findings = await examine(["data-dir": "/nowhere/at-all"])

        #expect(findings.contains { $0.level != .ok })
        #expect(findings.allSatisfy { ($0.advice == nil) == ($0.level == .ok) })
    }

    @Test("a directory that is not there yet is not made")
    func missing() async throws {
        try await withTemporaryDirectory { place in
            let findings = await examine(["data-dir": "\(place)/data"])

            #expect(worst(findings, .disk)?.level == .warning)
            #expect(!FileManager.default.fileExists(atPath: "\(place)/data"))
        }
    }

    @Test("a setting that is not allowed is the only finding")
    func settings() async throws {
        let findings = await examine(["data-dir": "/tmp", "port": "many"])

        #expect(findings.map(\.subject) == [.settings])
        #expect(findings.first?.level == .error)
        #expect(findings.first?.text.contains("port") == true)
    }

    @Test("a master key that others can read, is another or is gone is an error")
    func masterKey() async throws {
        try await BackedUpInstallation.with { installation in
            let flags = ["data-dir": installation.directory.path]
            let key = installation.directory.masterKey

            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: key)
            let readable = worst(await examine(flags), .masterKey)
            #expect(readable?.level == .error && readable?.text.contains("chmod 600") == true)

            try FileManager.default.removeItem(atPath: key)
            let missing = worst(await examine(flags), .masterKey)
            #expect(missing?.level == .error && missing?.text.contains("no master key") == true)

            try writeFile(key, String(repeating: "e1", count: 32))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
            let other = worst(await examine(flags), .masterKey)
            #expect(other?.level == .error && other?.text.contains("does not fit") == true)
        }
    }

    @Test("a database that is none is an error, one of a newer version too")
    func database() async throws {
        try await BackedUpInstallation.with { installation in
            let flags = ["data-dir": installation.directory.path]
            try await installation.open { opened in
                _ = try await opened.database.write { tx throws(ChatError) in
                    try tx.execute("INSERT INTO schema_migrations (number) VALUES (999)")
                    return try tx.execute(
                        "INSERT INTO schema_compatibility (number, compatible_from) VALUES (999, 999)"
                    )
                }
            }
            let newer = worst(await examine(flags), .database)
            #expect(newer?.level == .error && newer?.text.contains("schema 999") == true)

            for ending in ["-wal", "-shm"] {
                try FileManager.default.removeItem(atPath: installation.directory.database + ending)
            }
            try writeFile(installation.directory.database, String(repeating: "no database ", count: 1000))
            let damaged = worst(await examine(flags), .database)
            #expect(damaged?.level == .error && damaged?.text.contains("damaged") == true)
        }
    }

    @Test("a cluster's database and bus are asked, and a bus that is away is an error")
    func cluster() async throws {
        try await withOpenedStorage(on: .postgres) { location, storage in
            guard case .server(let url) = location else { return }
            let findings = await Doctor.examine(
                flags: ["database": [url], "bus": ["nats://127.0.0.1:1"]],
                environment: ["ROSTRUM_MASTER_KEY": MovableInstallation.masterKey],
                file: nil
            )

            #expect(worst(findings, .masterKey)?.level == .ok)
            #expect(findings.contains { $0.subject == .database && $0.text.contains("connections are in use") })
            // The tests' server does without, to be faster.
            #expect(findings.contains { $0.subject == .database && $0.text.contains("fsync off") })
            // From 18 on PostgreSQL has them unless told otherwise.
            let server = (storage.database as? PostgresDatabase)?.server
            let isWarned = findings.contains { $0.level == .warning && $0.text.contains("no checksums") }
            #expect(isWarned == (server?.hasChecksums == false))
            #expect(findings.contains { $0.subject == .clock && $0.text.contains("PostgreSQL's") && $0.level == .ok })
            #expect(worst(findings, .bus)?.level == .error)
        }
        try await withNATSServer { server in
            let findings = await Doctor.examine(
                flags: ["database": ["postgres://127.0.0.1:1/none"], "bus": [server.url]],
                environment: ["ROSTRUM_MASTER_KEY": MovableInstallation.masterKey],
                file: nil
            )
            #expect(worst(findings, .bus)?.level == .ok)
            #expect(worst(findings, .database)?.level == .error)
        }
    }

    @Test(
        "a certificate is judged by its days",
        arguments: [(-2.0, Finding.Level.error), (0.0, .ok), (770.0, .ok), (785.0, .warning), (801.0, .error)]
    )
    func certificate(day: Double, level: Finding.Level) async throws {
        try await withTemporaryDirectory { place in
            let made = try SelfMadeCertificate(now: Self.now)
            let files = TLSFiles(
                certificate: try writeFile("\(place)/cert.pem", made.certificatePEM),
                key: try writeFile("\(place)/key.pem", made.keyPEM)
            )

            let finding = CertificateExamination.examine(files, now: Self.now.addingTimeInterval(day * 86_400))

            #expect(finding.level == level, "\(finding)")
        }
    }

    @Test("a key that is not the certificate's is an error")
    func otherKey() async throws {
        try await withTemporaryDirectory { place in
            let files = TLSFiles(
                certificate: try writeFile("\(place)/cert.pem", SelfMadeCertificate(now: Self.now).certificatePEM),
                key: try writeFile("\(place)/key.pem", SelfMadeCertificate(now: Self.now).keyPEM)
            )

            #expect(CertificateExamination.examine(files, now: Self.now).level == .error)
        }
    }

    @Test("numbers are judged by the bounds that the documentation gives")
    func bounds() {
        let gibibyte: UInt64 = 1 << 30
        func space(_ free: UInt64, of all: UInt64, files: UInt64 = 0, of allFiles: UInt64 = 0) -> Finding.Level {
            DiskExamination.space(MachineReadings.Space(free: free, all: all, freeFiles: files, allFiles: allFiles))
                .level
        }
        #expect(space(50 * gibibyte, of: 100 * gibibyte, files: 9999, of: 9999) == .ok)
        #expect(space(9 * gibibyte, of: 100 * gibibyte) == .warning)
        #expect(space(gibibyte / 8, of: gibibyte) == .error)
        #expect(space(gibibyte, of: gibibyte, files: 3, of: 99) == .error)
        #expect(DiskExamination.sync(median: .microseconds(800), worst: .milliseconds(3)).level == .ok)
        #expect(DiskExamination.sync(median: .microseconds(5), worst: .milliseconds(3)).level == .warning)
        #expect(DiskExamination.sync(median: .milliseconds(30), worst: .milliseconds(50)).level == .warning)
        #expect(DiskExamination.sync(median: .milliseconds(150), worst: .seconds(1)).level == .error)
        #expect(MachineExamination.openFiles(soft: 256, hard: 4096, who: "it").level == .error)
        #expect(MachineExamination.openFiles(soft: 4096, hard: 4096, who: "it").level == .warning)
        #expect(MachineExamination.openFiles(soft: 1_048_576, hard: 1_048_576, who: "it").level == .ok)
        #expect(StorageExamination.clock(difference: -500).level == .ok)
        #expect(StorageExamination.clock(difference: 5000).level == .warning)
        #expect(StorageExamination.clock(difference: -130_000).level == .error)
    }
}
