import Chat
import ChatProtocol
import Database
import FoundationEssentials
import RostrumTesting
import Server
import Synchronization

/// A one-machine installation with something in every part of it, and a place for its backups.
struct BackedUpInstallation {
    let directory: DataDirectory
    /// Where backups and what is restored of them go.
    let place: String

    /// Each opening has a source of randomness of its own, so that no two requests have the same ID.
    private static let lastSeed = Mutex<UInt64>(100)

    static func with(_ body: (BackedUpInstallation) async throws -> Void) async throws {
        try await withTemporaryDirectory { place in
            let installation = BackedUpInstallation(
                directory: try DataDirectory("\(place)/data", makeIfMissing: true),
                place: place
            )
            try Self.putKey(in: installation.directory)
            try await installation.open { try await MovableInstallation.fill($0) }
            try await body(installation)
        }
    }

    /// Hands over an installation as a server leaves it that is killed after a few posts.
    static func withKilled(_ body: (BackedUpInstallation) async throws -> Void) async throws {
        try await with { installation in
            let database = installation.directory.database
            try await installation.open { opened in
                for text in ["a", "b", "c"] { _ = try await MovableInstallation.post(text, in: opened) }
                for ending in ["", "-wal"] {
                    let kept = installation.file("kept" + ending)
                    try FileManager.default.copyItem(atPath: database + ending, toPath: kept)
                }
            }
            for ending in ["", "-wal"] {
                try? FileManager.default.removeItem(atPath: database + ending)
                try FileManager.default.copyItem(atPath: installation.file("kept" + ending), toPath: database + ending)
            }
            try? FileManager.default.removeItem(atPath: database + "-shm")
            try await body(installation)
        }
    }

    static func putKey(in directory: DataDirectory) throws {
        try writeFile(directory.masterKey, MovableInstallation.masterKey)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: directory.masterKey)
    }

    /// Opens the installation, or another one, for the time of `body`.
    func open<Value>(
        _ other: DataDirectory? = nil,
        _ body: (TestInstallation) async throws -> Value
    ) async throws -> Value {
        let storage = try await OpenStorage.open(.directory(other ?? directory))
        do {
            let seed = Self.lastSeed.withLock { last in
                last += 1
                return last
            }
            let random = SeededRandom(seed: seed)
            let value = try await body(TestInstallation(database: storage.database, random: random))
            await storage.close()
            return value
        } catch {
            await storage.close()
            throw error
        }
    }

    func contents(of other: DataDirectory? = nil) async throws -> MovableInstallation.Contents {
        try await open(other) { try await MovableInstallation.Contents($0) }
    }

    func post(_ text: String) async throws {
        try await open { _ = try await MovableInstallation.post(text, in: $0) }
    }

    func file(_ name: String) -> String { "\(place)/\(name)" }

    @discardableResult
    func backup(
        _ name: String,
        since base: String? = nil,
        onTornLog: (String) -> Void = { _ in }
    ) async throws -> BackupManifest {
        try await Backup.make(of: directory, to: file(name), since: base.map(file), onTornLog: onTornLog)
    }

    /// A directory that has the master key alone.
    func emptyDirectory(_ name: String) throws -> DataDirectory {
        let directory = try DataDirectory(file(name), makeIfMissing: true)
        try Self.putKey(in: directory)
        return directory
    }

    /// What is said when a backup is restored to a new directory; nil when that went well.
    func refusal(restoring name: String) async throws -> String? {
        let target = try emptyDirectory("restored-\(UUID().uuidString)")
        do {
            _ = try await Restore.run(file(name), into: target)
            return nil
        } catch {
            let left = try FileManager.default.contentsOfDirectory(atPath: target.path)
            return left.contains { $0.hasPrefix("rostrum.db") } ? "it left \(left) after \(error)" : "\(error)"
        }
    }

    /// Changes the bytes of a file.
    func change(_ name: String, _ body: (inout Data) -> Void) throws {
        var bytes = FileManager.default.contents(atPath: file(name)) ?? Data()
        body(&bytes)
        try bytes.write(to: URL(filePath: file(name)))
    }
}
