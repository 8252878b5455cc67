package import Chat
import ChatProtocol
import Database
import DatabaseSQLite
import FoundationEssentials

/// Makes a data directory of a backup.
///
/// Everything is verified before the directory has a database. The storage gets another generation, so that every
/// channel has another `Epoch`: clients that saw what is not in the backup are told to reload.
package enum Restore {
    /// What may stand in the directory before.
    private static let tolerated: Set<String> = ["master.key", "rostrum.lock"]

    /// - Parameters:
    ///   - masterKey: tried on the backup's secrets when there is one; nothing of it is kept.
    ///   - report: told how many of how many blocks are done.
    /// - Throws: ``StartError``; the directory has no database then.
    package static func run(
        _ path: String,
        into directory: DataDirectory,
        masterKey: MasterKeySource = .dataDirectory,
        random: any RandomSource = SystemRandomSource(),
        report: (_ done: Int, _ all: Int) -> Void = { _, _ in }
    ) async throws -> BackupManifest {
        let backup = try BackupFile(path)
        try demandKnown(backup.manifest)
        try demandEmpty(directory)
        let lock = try directory.lock()
        let draft = NewFile.draft(of: directory.database)
        do {
            try write(backup, to: directory.database, report)
            try await check(draft, against: backup.manifest, path)
            try await renew(draft, key: try key(masterKey, directory), random)
            // Afterwards: it also puts into the file what stands in a WAL, which a pool of connections leaves behind.
            try SQLiteCopy.demandSound(draft, named: "the database in \(path)")
            try settle(draft, as: directory.database)
        } catch {
            SQLiteCopy.remove(draft)
            throw error
        }
        _ = consume lock
        return backup.manifest
    }

    /// Reads a backup, and all that it stands on, to the end, and keeps nothing.
    ///
    /// - Throws: ``StartError`` that says what is damaged.
    package static func verify(
        _ path: String,
        report: (_ done: Int, _ all: Int) -> Void = { _, _ in }
    ) throws -> BackupManifest {
        let backup = try BackupFile(path)
        try backup.readAll { block, _ in report(block + 1, backup.manifest.blocks) }
        return backup.manifest
    }

    private static func demandKnown(_ manifest: BackupManifest) throws(StartError) {
        guard manifest.schema <= Schema.migrations.count else {
            throw StartError(
                """
                the backup has schema \(manifest.schema) and this program knows up to \(Schema.migrations.count): it was \
                made by version \(manifest.release) of Rostrum; restore it with that
                """
            )
        }
    }

    private static func demandEmpty(_ directory: DataDirectory) throws(StartError) {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        } catch {
            throw StartError("cannot read the directory \(directory.path): \(error)")
        }
        let draft = NewFile.draft(of: "rostrum.db")
        // What a restore left that was killed is no installation.
        let others = names.filter { name in
            !tolerated.contains(name) && !name.hasPrefix(draft)
                && !MasterKeyFile.isCompanion(name, of: "master.key")
        }.sorted()
        guard others.isEmpty else {
            throw StartError(
                """
                \(directory.path) is not empty, and nothing in it is overwritten: it has \
                \(others.prefix(3).joined(separator: ", ")); give another directory, or move that away
                """
            )
        }
    }

    private static func write(
        _ backup: BackupFile,
        to path: String,
        _ report: (_ done: Int, _ all: Int) -> Void
    ) throws {
        SQLiteCopy.remove(NewFile.draft(of: path))
        let file = try NewFile(path)
        try backup.readAll { block, bytes in
            try file.append(bytes)
            report(block + 1, backup.manifest.blocks)
        }
        try file.sync()
    }

    /// Compares what the tables hold with what the manifest says.
    private static func check(
        _ draft: String,
        against manifest: BackupManifest,
        _ path: String
    ) async throws(StartError) {
        let facts = try await SQLiteCopy.facts(of: draft)
        guard facts.schema == manifest.schema, facts.generation == manifest.generation else {
            throw StartError("the backup \(path) is damaged: its database is not the one that its manifest tells of")
        }
        for (table, rows) in manifest.rows.sorted(by: { $0.key < $1.key }) where facts.rows[table] != rows {
            throw StartError(
                "the backup \(path) is damaged: \(table) has \(facts.rows[table] ?? 0) rows and should have \(rows)"
            )
        }
    }

    private static func key(_ source: MasterKeySource, _ directory: DataDirectory) throws -> MasterKeys? {
        do throws(MasterKey.Unusable) {
            switch source {
            case .text(let text): return try MasterKeys(hexadecimal: text, from: "ROSTRUM_MASTER_KEY")
            case .file(let path): return try MasterKeys(file: path, makeIfMissing: false, random: SystemRandomSource())
            case .dataDirectory:
                guard FileManager.default.fileExists(atPath: directory.masterKey) else { return nil }
                return try MasterKeys(file: directory.masterKey, makeIfMissing: false, random: SystemRandomSource())
            }
        } catch {
            throw StartError("\(error)")
        }
    }

    private static func renew(
        _ draft: String,
        key: MasterKeys?,
        _ random: any RandomSource
    ) async throws(StartError) {
        try await SQLiteCopy.withDatabase(draft) { database throws(ChatError) in
            if let key { try await SecretBox(key).verify(against: database) }
            try await StorageGeneration.renew(in: database, random: random)
        }
    }

    /// Makes the draft durable and the installation's database.
    private static func settle(_ draft: String, as path: String) throws(StartError) {
        let file = try NewFile(path, keepingDraft: true)
        // All of it is in the file, and a WAL of the draft's name would be nobody's.
        guard !FileManager.default.fileExists(atPath: draft + "-wal") else {
            throw StartError("\(draft) is still open; nothing was restored")
        }
        try file.finish()
    }
}

extension Restore {
    /// Gives a storage another generation that something else brought back: PostgreSQL's own tools, or a snapshot of the
    /// disk.
    ///
    /// - Throws: ``StartError``, also when a server runs on the directory. Of a database that cannot be told: its nodes have
    ///   to be stopped.
    package static func renewGeneration(of location: StorageLocation) async throws(StartError) {
        guard case .directory(let directory) = location else { return try await renewGeneration(at: location) }
        guard location.mayHoldInstallation else { throw StartError("there is no installation in \(directory.path)") }
        let lock = try directory.lock()
        try await renewGeneration(at: location)
        _ = consume lock
    }

    private static func renewGeneration(at location: StorageLocation) async throws(StartError) {
        do throws(ChatError) {
            let database = try location.open(StorageLocation.Observer())
            do throws(ChatError) {
                try await database.demandSchema(Schema.migrations)
                try await StorageGeneration.renew(in: database, random: SystemRandomSource())
                await database.close()
            } catch {
                await database.close()
                throw error
            }
        } catch {
            throw StartError(error)
        }
    }
}
