import Crypto
import FoundationEssentials

/// A backup that is there: its own blocks, and the backups that it stands on.
///
/// A first line that names the format, a line with the manifest, a line with the manifest's SHA-256, the table of blocks,
/// then those blocks that stand in the file itself, in order.
package final class BackupFile {
    package static let firstLine = "rostrum backup 1\n"
    private static let longestManifest = 1 << 20
    /// Of how many files a chain of backups may consist: who reads the last has all of them open, each with its table.
    package static let longestChain = 30
    /// No table has more; of all the tables that a manifest has room for, the sum is still a number.
    private static let mostRows: Int64 = 1 << 40

    package let manifest: BackupManifest
    let table: BlockTable
    let base: BackupFile?
    private let file: StoredFile
    /// Where each block begins in the file; nil for those that the base has.
    private let places: [Int?]

    var path: String { file.path }
    /// Of how many files the backup consists, those below it included.
    var chain: Int { 1 + (base?.chain ?? 0) }

    /// Opens a backup, and all that it stands on, which have to be in its directory.
    ///
    /// - Throws: ``StartError`` that says which file is damaged or missing.
    package convenience init(_ path: String) throws(StartError) {
        try self.init(path, above: [])
    }

    private init(_ path: String, above: [String]) throws(StartError) {
        file = try StoredFile(path)
        let head = try Self.head(of: file)
        manifest = head.manifest
        // Before anything is made as large as the manifest says.
        guard BlockTable.bytes(ofBlocks: manifest.blocks) < file.size else {
            throw Self.damaged(path, "its table of blocks is cut off")
        }
        let tableBytes = try file.read(at: head.bytes, upTo: BlockTable.bytes(ofBlocks: manifest.blocks))
        guard SHA256.hash(data: tableBytes).digits == manifest.tableSHA256,
            let table = BlockTable(tableBytes, blocks: manifest.blocks)
        else { throw Self.damaged(path, "its table of blocks is not the one that was written") }
        self.table = table
        var place = head.bytes + tableBytes.count
        var places: [Int?] = []
        for block in 0..<table.count {
            guard table.isStored(block) else {
                places.append(nil)
                continue
            }
            places.append(place)
            place += manifest.bytes(ofBlock: block)
        }
        self.places = places
        guard file.size == place else {
            throw Self.damaged(path, "it has \(file.size) bytes and should have \(place)")
        }
        guard let base = manifest.base else {
            guard !places.contains(nil) else { throw Self.damaged(path, "it lacks blocks") }
            self.base = nil
            return
        }
        guard !above.contains(manifest.id) else { throw Self.damaged(path, "it stands on itself") }
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let below = try BackupFile(directory + base.file, above: above + [manifest.id])
        guard below.manifest.id == base.id else {
            throw StartError(
                """
                \(path) stands on the backup \(base.id), and \(below.path) is \(below.manifest.id): put the file that was \
                called \(base.file) beside it
                """
            )
        }
        self.base = below
    }

    /// A block of the database, from here or from below.
    ///
    /// - Throws: ``StartError`` that names the file and the block that is damaged.
    func block(_ number: Int) throws(StartError) -> [UInt8] {
        let bytes = try content(of: number)
        guard table.digest(of: number).elementsEqual(SHA256.hash(data: bytes)) else {
            throw Self.damaged(path, "block \(number) of the database is not the one that was backed up")
        }
        return bytes
    }

    private func content(of number: Int) throws(StartError) -> [UInt8] {
        if let place = places[number] { return try file.read(at: place, upTo: manifest.bytes(ofBlock: number)) }
        guard let base, number < base.table.count else { throw Self.damaged(path, "it lacks block \(number)") }
        return try base.block(number)
    }

    /// Reads the whole database and compares it with what the manifest says.
    ///
    /// - Parameter consume: given each block in order.
    package func readAll(_ consume: (_ block: Int, [UInt8]) throws -> Void) throws {
        var hash = SHA256()
        for number in 0..<manifest.blocks {
            let bytes = try block(number)
            hash.update(data: bytes)
            try consume(number, bytes)
        }
        guard hash.finalize().digits == manifest.databaseSHA256 else {
            throw Self.damaged(path, "the database is not the one that was backed up")
        }
    }

    private static func head(of file: StoredFile) throws(StartError) -> (manifest: BackupManifest, bytes: Int) {
        let bytes = try file.read(at: 0, upTo: longestManifest)
        let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
        guard lines.count == 4 else { throw damaged(file.path, "it is no backup, or its beginning is missing") }
        guard lines[0].elementsEqual(firstLine.utf8.dropLast()) else {
            throw StartError(
                "\(file.path) is no backup that this version can read; it does not begin with \(firstLine)"
            )
        }
        guard SHA256.hash(data: Array(lines[1])).digits.utf8.elementsEqual(lines[2]),
            let manifest = try? JSONDecoder().decode(BackupManifest.self, from: Data(lines[1])),
            (512...(1 << 24)).contains(manifest.blockBytes), (1...(1 << 48)).contains(manifest.databaseBytes),
            manifest.rows.values.allSatisfy((0...mostRows).contains),
            manifest.base.map({ !$0.file.contains("/") }) ?? true
        else { throw damaged(file.path, "its manifest is not the one that was written") }
        return (manifest, lines[3].startIndex)
    }

    private static func damaged(_ path: String, _ how: String) -> StartError {
        StartError("the backup \(path) is damaged: \(how)")
    }
}
