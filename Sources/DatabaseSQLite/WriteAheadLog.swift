import Database

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The write-ahead log beside a SQLite file, looked at before SQLite opens it.
///
/// SQLite takes the first frame whose checksum is wrong for the end of the log, for so it looks after a crash in the
/// middle of a write. A frame that a disk has damaged later looks the same, and what was committed behind it would be
/// dropped without a word. What tells the two apart is how much follows: a transaction is written only when the one before
/// it is on disk, so a crash leaves the commit of one transaction at most behind a frame that is wrong.
///
/// Damage to one of the last two transactions of the log cannot be told from a crash, where it meets the head of the first
/// one's commit frame or anything of the second: they are passed over, as they would be after one. That the log is torn
/// there can be told all the same, unless it is the head of the last one's commit frame that is damaged.
///
/// Source: https://www.sqlite.org/fileformat.html#the_write_ahead_log.
struct WriteAheadLog {
    /// Where the log is wrong, though it goes on behind that.
    struct Damage: Equatable {
        /// From 1; 0 is the header.
        let frame: Int
        /// Whether more was committed behind it than a crash can leave there.
        let isCertain: Bool
        let header: [UInt8]

        var place: String { frame == 0 ? "its header" : "frame \(frame)" }
    }

    let path: String

    init(of database: String) {
        path = database + "-wal"
    }

    /// Reads the log frame by frame, for it can be as large as the database.
    ///
    /// - Returns: what an operator is to know, when a commit stands behind damage that may be a crash's: SQLite passes it
    ///   over, and the next commit takes its place.
    /// - Throws: ``EngineError`` of the kind `corrupt`, when committed transactions stand behind damage.
    func demandWhole() throws(EngineError) -> String? {
        // Another process may be writing: what it is about to write is no damage, and is there the next time.
        guard let damage = try find(), try find() == damage else { return nil }
        guard damage.isCertain else {
            return """
                \(path): what was written last is torn at \(damage.place), and left out from there on. Nothing is lost if \
                this machine lost its power or a write had failed then; otherwise the disk has damaged what was acknowledged
                """
        }
        throw EngineError(
            .corrupt,
            """
            \(path): the file is damaged at \(damage.place), and transactions that were committed stand behind that; \
            restore the database from a backup
            """
        )
    }

    /// Makes durable what is in the log.
    ///
    /// To be called by who opens the database, before it commits: a process that was killed may have left a commit that it
    /// had not made durable, and GRDB makes one before it can be told to. Were the next commit written behind such a one,
    /// a loss of power could leave both behind a frame that never reached the disk, and the log would be taken for damaged.
    func sync() throws(EngineError) {
        try LogFile(path)?.sync()
    }

    private func find() throws(EngineError) -> Damage? {
        guard let file = LogFile(path), let frames = try Frames(file), let damage = try frames.damage() else {
            return nil
        }
        return Damage(frame: damage.frame, isCertain: damage.commitsBehind > 1, header: frames.header)
    }

    fileprivate static let headerSize = 32
}

/// A log that is read at any place of it.
private final class LogFile {
    let path: String
    private let descriptor: Int32

    /// Nil when it cannot be opened: then SQLite cannot either, and says why.
    init?(_ path: String) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    var size: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Fills `bytes` with what stands at `place`.
    ///
    /// - Returns: false when the file ends before.
    func read(_ bytes: inout [UInt8], at place: Int) throws(EngineError) -> Bool {
        var failure: Int32 = 0
        let isFilled = bytes.withUnsafeMutableBytes { buffer in
            var filled = 0
            while filled < buffer.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                let got = pread(descriptor, rest.baseAddress, rest.count, off_t(place + filled))
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = errno }
                guard got > 0 else { return false }
                filled += got
            }
            return true
        }
        guard failure == 0 else { throw fault("cannot be read", failure) }
        return isFilled
    }

    func sync() throws(EngineError) {
        while fsync(descriptor) != 0 {
            guard errno == EINTR else { throw fault("cannot be made durable", errno) }
        }
    }

    private func fault(_ what: String, _ code: Int32) -> EngineError {
        EngineError(.unavailable, "\(path): the file \(what); check the disk [\(String(cString: strerror(code)))]")
    }
}

/// The frames of a log, one after the other.
private struct Frames {
    private static let headSize = 24

    let header: [UInt8]
    private let file: LogFile
    private let pageSize: Int
    private let count: Int
    private let isBigEndian: Bool
    private let isHeaderWhole: Bool
    private let salts: UInt64

    /// Nil when no frame can be found in it.
    init?(_ file: LogFile) throws(EngineError) {
        var header = [UInt8](repeating: 0, count: WriteAheadLog.headerSize)
        var first = [UInt8](repeating: 0, count: Self.headSize)
        guard try file.read(&header, at: 0), try file.read(&first, at: WriteAheadLog.headerSize) else { return nil }
        (self.file, self.header) = (file, header)
        let magic = header.withUnsafeBytes { Self.number($0, at: 0) }
        let hasMagic = magic & ~1 == 0x377F_0682
        let isBigEndian = hasMagic && magic & 1 == 1
        self.isBigEndian = isBigEndian
        isHeaderWhole = header.withUnsafeBytes { bytes in
            var checksum = Checksum(isBigEndian: isBigEndian)
            checksum.add(bytes, 0..<24)
            return hasMagic && checksum == Checksum(of: bytes, at: 24, isBigEndian: isBigEndian)
        }
        // A header that is damaged tells nothing: ours is the default size, and the salts stand in the first frame too.
        pageSize = isHeaderWhole ? Int(header.withUnsafeBytes { Self.number($0, at: 8) }) : 4096
        guard (512...65536).contains(pageSize), pageSize.nonzeroBitCount == 1 else { return nil }
        count = (file.size - WriteAheadLog.headerSize) / (Self.headSize + pageSize)
        guard count > 0 else { return nil }
        salts =
            isHeaderWhole
            ? header.withUnsafeBytes { Self.salts($0, at: 16) } : first.withUnsafeBytes { Self.salts($0, at: 8) }
    }

    /// The first frame that is wrong, 0 when it is the header, and whether one commit or more stand behind it, each on
    /// the one before; nil where none does.
    func damage() throws(EngineError) -> (frame: Int, commitsBehind: Int)? {
        let start = header.withUnsafeBytes { Checksum(of: $0, at: 24, isBigEndian: isBigEndian) }
        var before = isHeaderWhole ? start : nil
        var wrong = isHeaderWhole ? nil : 0
        var (commits, mostCommits) = (0, 0)
        var frame = [UInt8](repeating: 0, count: Self.headSize + pageSize)
        for number in 1...count {
            // Another process may have cut the log off meanwhile.
            guard try file.read(&frame, at: WriteAheadLog.headerSize + (number - 1) * frame.count) else { return nil }
            let (told, isOfThisLog, isCommit, follows) = frame.withUnsafeBytes { bytes in
                let told = Checksum(of: bytes, at: 16, isBigEndian: isBigEndian)
                let isOfThisLog = Self.salts(bytes, at: 8) == salts
                let follows = isOfThisLog && before.map { next($0, bytes) == told } ?? false
                return (told, isOfThisLog, Self.number(bytes, at: 4) != 0, follows)
            }
            if !follows {
                wrong = wrong ?? number
                // Frames that do not follow each other are of different crashes, and those count each for itself.
                commits = 0
            }
            if wrong != nil, isOfThisLog, isCommit {
                commits += 1
                mostCommits = max(mostCommits, commits)
                if commits > 1 { break }
            }
            before = told
        }
        guard let wrong, mostCommits > 0 else { return nil }
        return (wrong, mostCommits)
    }

    /// The checksum of a frame, by that of the one before it.
    private func next(_ before: Checksum, _ frame: UnsafeRawBufferPointer) -> Checksum {
        var checksum = before
        checksum.add(frame, 0..<8)
        checksum.add(frame, Self.headSize..<frame.count)
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
