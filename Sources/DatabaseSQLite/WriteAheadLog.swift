import Database
import FoundationEssentials

/// The write-ahead log beside a SQLite file, looked at before SQLite opens it.
///
/// SQLite takes the first frame whose checksum is wrong for the end of the log, for so it looks after a crash in the
/// middle of a write. A frame that a disk has damaged later looks the same, and what was committed behind it would be
/// dropped without a word. What tells the two apart is how much follows: a transaction is written only when the one before
/// it is on disk, so a crash leaves the commit of one transaction at most behind a frame that is wrong.
///
/// Damage to the last transaction of the log cannot be told from a crash.
///
/// Source: https://www.sqlite.org/fileformat.html#the_write_ahead_log.
struct WriteAheadLog {
    /// Where the log is wrong, though it goes on behind that.
    struct Damage: Equatable {
        /// From 1; 0 is the header.
        let frame: Int
        let header: [UInt8]
    }

    let path: String

    init(of database: String) {
        path = database + "-wal"
    }

    /// - Throws: ``EngineError`` of the kind `corrupt`, when committed transactions stand behind damage.
    func demandWhole() throws(EngineError) {
        // Another process may be writing: what it is about to write is no damage, and is there the next time.
        guard let damage = find(), find() == damage else { return }
        throw EngineError(
            .corrupt,
            """
            \(path): the file is damaged at frame \(damage.frame), and transactions that were committed stand behind that; \
            restore the database from a backup
            """
        )
    }

    private func find() -> Damage? {
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        return data.withUnsafeBytes { bytes in
            guard bytes.count > Self.headerSize, let log = Frames(bytes), let frame = log.damaged() else { return nil }
            return Damage(frame: frame, header: Array(bytes.prefix(Self.headerSize)))
        }
    }

    fileprivate static let headerSize = 32
}

/// The frames of a log in memory.
private struct Frames {
    private static let headSize = 24

    private let bytes: UnsafeRawBufferPointer
    private let pageSize: Int
    private let count: Int
    private let isBigEndian: Bool
    private let isHeaderWhole: Bool
    private let salts: UInt64

    /// Nil when no frame can be found in it.
    init?(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        let magic = Self.number(bytes, at: 0)
        let hasMagic = magic & ~1 == 0x377F_0682
        isBigEndian = hasMagic && magic & 1 == 1
        var checksum = Checksum(isBigEndian: isBigEndian)
        checksum.add(bytes, 0..<24)
        isHeaderWhole = hasMagic && checksum == Checksum(of: bytes, at: 24, isBigEndian: isBigEndian)
        // A header that is damaged tells nothing: ours is the default size, and the salts stand in the first frame too.
        pageSize = isHeaderWhole ? Int(Self.number(bytes, at: 8)) : 4096
        guard (512...65536).contains(pageSize), pageSize.nonzeroBitCount == 1 else { return nil }
        count = (bytes.count - WriteAheadLog.headerSize) / (Self.headSize + pageSize)
        guard count > 0 else { return nil }
        salts = Self.salts(bytes, at: isHeaderWhole ? 16 : WriteAheadLog.headerSize + 8)
    }

    /// The first frame that is wrong, if more than one commit stands behind it; 0 when it is the header.
    func damaged() -> Int? {
        var before: Checksum? = isHeaderWhole ? Checksum(of: bytes, at: 24, isBigEndian: isBigEndian) : nil
        var wrong = isHeaderWhole ? nil : 0
        var commits = 0
        for frame in 1...count {
            let place = WriteAheadLog.headerSize + (frame - 1) * (Self.headSize + pageSize)
            let told = Checksum(of: bytes, at: place + 16, isBigEndian: isBigEndian)
            let isOfThisLog = Self.salts(bytes, at: place + 8) == salts
            if !isOfThisLog || before.map({ next($0, place) != told }) ?? true {
                wrong = wrong ?? frame
                // Frames that do not follow each other are of different crashes, and those count each for itself.
                commits = 0
            }
            if wrong != nil, isOfThisLog, Self.number(bytes, at: place + 4) != 0 {
                commits += 1
                if commits > 1 { return wrong }
            }
            before = told
        }
        return nil
    }

    /// The checksum of the frame there, by that of the one before it.
    private func next(_ before: Checksum, _ place: Int) -> Checksum {
        var checksum = before
        checksum.add(bytes, place..<place + 8)
        checksum.add(bytes, place + Self.headSize..<place + Self.headSize + pageSize)
        return checksum
    }

    private static func salts(_ bytes: UnsafeRawBufferPointer, at place: Int) -> UInt64 {
        bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)
    }

    fileprivate static func number(_ bytes: UnsafeRawBufferPointer, at place: Int) -> UInt32 {
        UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self))
    }
}

/// SQLite's checksum of a log, which goes on from frame to frame.
private struct Checksum: Equatable {
    private var first: UInt32 = 0
    private var second: UInt32 = 0
    /// How the words that are summed up are read; the sums themselves stand in the file with the high byte first.
    private let isBigEndian: Bool

    init(isBigEndian: Bool) {
        self.isBigEndian = isBigEndian
    }

    /// The one that stands there.
    init(of bytes: UnsafeRawBufferPointer, at place: Int, isBigEndian: Bool) {
        (first, second) = (Frames.number(bytes, at: place), Frames.number(bytes, at: place + 4))
        self.isBigEndian = isBigEndian
    }

    mutating func add(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) {
        for place in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
            first = first &+ word(bytes, place) &+ second
            second = second &+ word(bytes, place + 4) &+ first
        }
    }

    private func word(_ bytes: UnsafeRawBufferPointer, _ place: Int) -> UInt32 {
        let word = bytes.loadUnaligned(fromByteOffset: place, as: UInt32.self)
        return isBigEndian ? UInt32(bigEndian: word) : UInt32(littleEndian: word)
    }
}
