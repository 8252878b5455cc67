import Chat
import ChatProtocol
import Crypto
import Database
import DatabaseSQLite
package import FoundationEssentials

/// Makes a backup of a data directory, whether a server runs on it or not.
///
/// The database is copied beside the backup, looked through for damage and put in blocks into one file, which is read
/// again before it has its name. It needs room for the copy and for the backup.
package struct Backup {
    /// What it is at.
    package enum Stage: String, Sendable {
        case copying, checking, writing, verifying
    }

    package struct Progress: Sendable, Equatable {
        package let stage: Stage
        package let done: Int
        package let all: Int
    }

    /// Four pages: an incremental backup has what is around a changed page, too, and the table of blocks stays small.
    package static let blockBytes = 16_384

    let directory: DataDirectory
    let report: (Progress) -> Void

    /// Makes a backup of all that was committed before the call.
    ///
    /// - Parameters:
    ///   - base: an earlier backup of the same installation, in the same directory as `path`: what is there already is
    ///     left out.
    ///   - now: what the manifest gives as its time.
    ///   - report: told how far it is.
    ///   - onTornLog: told of a log of which the end was torn, and is not in the backup.
    /// - Throws: ``StartError``; there is no file `path` then.
    package static func make(
        of directory: DataDirectory,
        to path: String,
        since base: String? = nil,
        now: Date = .now,
        report: @escaping (Progress) -> Void = { _ in },
        onTornLog: (String) -> Void = { _ in }
    ) async throws -> BackupManifest {
        guard StorageLocation.directory(directory).mayHoldInstallation else {
            throw StartError("there is no installation in \(directory.path)")
        }
        let below = try base.map { path throws(StartError) in try BackupFile(path) }
        if let below, below.chain >= BackupFile.longestChain {
            throw StartError(
                "\(below.path) is the last of \(below.chain) backups, and no more may stand on each other; make one without --since"
            )
        }
        if let base { try demand(base, beside: path) }
        let file = try NewFile(path)
        let copy = path + ".copy"
        defer { SQLiteCopy.remove(copy) }
        do {
            let backup = Backup(directory: directory, report: report)
            let manifest = try await backup.write(to: file, below, base, copy, now, onTornLog)
            try file.finish()
            return manifest
        } catch {
            file.discard()
            throw error
        }
    }

    private func write(
        to file: NewFile,
        _ below: BackupFile?,
        _ base: String?,
        _ copy: String,
        _ now: Date,
        _ onTornLog: (String) -> Void
    ) async throws -> BackupManifest {
        SQLiteCopy.remove(copy)
        do {
            let torn = try SQLiteFile.copy(directory.database, to: copy) { done, all in
                report(Progress(stage: .copying, done: done, all: all))
            }
            if let torn { onTornLog(torn) }
        } catch let error as DatabaseError {
            throw StartError(error.message)
        }
        report(Progress(stage: .checking, done: 0, all: 1))
        try SQLiteCopy.demandSound(copy, named: directory.database)
        let facts = try await SQLiteCopy.facts(of: copy)
        // A storage that was restored has another generation, and begins anew with a backup that stands alone.
        if let below, below.manifest.generation != facts.generation || facts.generation == nil {
            throw StartError(
                "\(below.path) is of another generation of the storage, or of another one; make a backup without --since"
            )
        }
        let blocks = try StoredFile(copy)
        let (table, digest) = try Self.table(of: blocks, below)
        let stored = (0..<table.count).filter(table.isStored)
        let manifest = BackupManifest(
            id: SystemRandomSource().hex(bytes: 8),
            base: below.flatMap { below in
                base.map { BackupManifest.Base(id: below.manifest.id, file: Self.name(of: $0)) }
            },
            createdAt: now.formatted(.iso8601),
            release: Release.version,
            schema: facts.schema,
            generation: facts.generation,
            installation: facts.installation,
            rows: facts.rows,
            databaseBytes: blocks.size,
            databaseSHA256: digest,
            blockBytes: Self.blockBytes,
            storedBlocks: stored.count,
            tableSHA256: SHA256.hash(data: table.bytes).digits
        )
        try Self.writeHead(manifest, table, to: file)
        for (position, block) in stored.enumerated() {
            try file.append(blocks.read(at: block * Self.blockBytes, upTo: Self.blockBytes))
            if position.isMultiple(of: 256) { report(Progress(stage: .writing, done: position, all: stored.count)) }
        }
        try file.sync()
        try verify(file.draft, manifest)
        return manifest
    }

    /// Reads what was written, and what it stands on, as a restore would.
    private func verify(_ path: String, _ manifest: BackupManifest) throws {
        let written = try BackupFile(path)
        try written.readAll { block, _ in
            if block.isMultiple(of: 256) {
                report(Progress(stage: .verifying, done: block, all: manifest.blocks))
            }
        }
        report(Progress(stage: .verifying, done: manifest.blocks, all: manifest.blocks))
    }

    /// - Returns: the table of the copy's blocks, and the SHA-256 of all of it.
    private static func table(of copy: StoredFile, _ below: BackupFile?) throws -> (BlockTable, digest: String) {
        var table = BlockTable()
        var whole = SHA256()
        for offset in stride(from: 0, to: copy.size, by: blockBytes) {
            let bytes = try copy.read(at: offset, upTo: blockBytes)
            whole.update(data: bytes)
            let digest = SHA256.hash(data: bytes)
            table.append(Array(digest), isStored: below?.has(digest, at: table.count, bytes: bytes.count) != true)
        }
        return (table, whole.finalize().digits)
    }

    private static func writeHead(_ manifest: BackupManifest, _ table: BlockTable, to file: NewFile) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = [UInt8](try encoder.encode(manifest))
        try file.append(BackupFile.firstLine.utf8)
        try file.append(text + [UInt8(ascii: "\n")])
        try file.append((SHA256.hash(data: text).digits + "\n").utf8)
        try file.append(table.bytes)
    }

    /// A restore looks for the base where the backup is.
    private static func demand(_ base: String, beside path: String) throws(StartError) {
        func directory(_ path: String) -> String {
            let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./"
            return URL(filePath: directory).resolvingSymlinksInPath().path
        }
        guard directory(base) == directory(path) else {
            throw StartError("the backup has to stand beside the one that it is based on, in \(directory(base))")
        }
    }

    private static func name(of path: String) -> String {
        String(path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...])
    }
}

extension BackupFile {
    /// Whether a block is the same here.
    fileprivate func has(_ digest: SHA256.Digest, at block: Int, bytes: Int) -> Bool {
        manifest.blockBytes == Backup.blockBytes && block < table.count && manifest.bytes(ofBlock: block) == bytes
            && table.digest(of: block).elementsEqual(digest)
    }
}
