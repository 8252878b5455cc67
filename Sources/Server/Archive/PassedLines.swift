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
