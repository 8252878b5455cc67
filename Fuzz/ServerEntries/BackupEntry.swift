import Chat
import Crypto
import FoundationEssentials
import FuzzEntries
import Server

extension Entry {
    /// A file that somebody wants to restore: its manifest, and behind the first line the number of its blocks in a byte,
    /// their table, and the blocks.
    ///
    /// What a digest would keep out is let in: `TABLE` in the manifest is the table's digest, and the manifest has its own.
    static let backup = Entry("backup") { bytes throws(Objection) in
        let directory = "\(FileManager.default.temporaryDirectory.path)/rostrum-fuzz-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        // Of that name always, so that a backup can stand on itself.
        let path = "\(directory)/a"
        guard (try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)) != nil,
            FileManager.default.createFile(atPath: path, contents: Data(file(of: bytes)))
        else { throw Objection("cannot write \(path)") }
        do {
            let backup = try BackupFile(path)
            var read = 0
            try backup.readAll { _, block in read += block.count }
            guard read == backup.manifest.databaseBytes else {
                throw Objection("\(read) bytes of \(backup.manifest.databaseBytes) were read")
            }
        } catch let objection as Objection {
            throw objection
        } catch let error as StartError {
            try demand(error.description.contains(directory), "the refusal does not name the file: \(error)")
        } catch {
            throw Objection("it is refused by \(error)")
        }
    }

    private static func file(of bytes: [UInt8]) -> [UInt8] {
        let parts = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 1, omittingEmptySubsequences: false)
        let rest = parts.count > 1 ? parts[1] : []
        let table = rest.dropFirst().prefix(Int(rest.first ?? 0) * 33)
        let manifest = Array(parts[0]).text.replacing("TABLE", with: digits(of: Array(table)))
        return Array("\(BackupFile.firstLine)\(manifest)\n\(digits(of: Array(manifest.utf8)))\n".utf8)
            + rest.dropFirst()
    }

    private static func digits(of bytes: [UInt8]) -> String { hexadecimal(Array(SHA256.hash(data: bytes))) }
}
