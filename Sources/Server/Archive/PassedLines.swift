import Chat
import Crypto

/// The lines of a file that were read, and what tells this file from others.
struct PassedLines {
    private(set) var count = 0
    private(set) var bytes = 0
    private var hash = SHA256()

    /// - Parameter offset: where the line ends.
    mutating func pass(_ line: [UInt8], upTo offset: Int) {
        count += 1
        bytes = offset
        hash.update(data: line)
    }

    /// What an import keeps that has come so far.
    var record: ImportRecord { ImportRecord(lines: count, bytes: bytes, digest: hash.finalize().digits) }
}

extension StoredFile {
    private static let partBytes = 1 << 18

    /// Whether it is a file of which an import has kept how far it has come.
    func begins(as record: ImportRecord) throws(StartError) -> Bool {
        var hash = SHA256()
        var hashed = 0
        while hashed < record.bytes {
            let part = try read(at: hashed, upTo: min(Self.partBytes, record.bytes - hashed))
            guard !part.isEmpty else { return false }
            hash.update(data: part)
            hashed += part.count
        }
        return hash.finalize().digits == record.digest
    }
}
