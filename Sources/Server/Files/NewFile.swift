import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A file that appears under its name whole or not at all.
///
/// Until ``finish()`` it has the name of its draft, which one process at a time may write.
final class NewFile: Sendable {
    private static let bufferBytes = 1 << 18

    let path: String
    let draft: String
    private let descriptor: Int32
    private let buffer = Mutex<[UInt8]>([])

    /// - Parameter keepingDraft: whether what an earlier process left of the draft stays, to be gone on with.
    /// - Throws: ``StartError`` when there is a file of that name, or the draft cannot be written.
    init(_ path: String, keepingDraft: Bool = false) throws(StartError) {
        (self.path, draft) = (path, Self.draft(of: path))
        try Self.demandNothing(at: path)
        let flags = O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND
        descriptor = open(draft, flags, 0o600)
        guard descriptor >= 0 else { throw Self.failure("cannot write", draft) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw StartError("another process writes \(draft)")
        }
        if !keepingDraft { try truncate(to: 0) }
    }

    deinit {
        close(descriptor)
    }

    /// What a file is called until it is whole.
    static func draft(of path: String) -> String { path + ".partial" }

    func append(_ bytes: some Collection<UInt8>) throws(StartError) {
        let isFull = buffer.withLock { buffer in
            buffer.append(contentsOf: bytes)
            return buffer.count >= Self.bufferBytes
        }
        if isFull { try flush() }
    }

    /// Cuts off what is behind so many bytes of the draft.
    func truncate(to count: Int) throws(StartError) {
        buffer.withLock { $0.removeAll(keepingCapacity: true) }
        guard ftruncate(descriptor, off_t(count)) == 0 else { throw Self.failure("cannot write", draft) }
    }

    /// Hands to the system what was appended.
    func flush() throws(StartError) {
        try buffer.withLock { buffer throws(StartError) in
            var written = 0
            while written < buffer.count {
                let count = buffer[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
                guard count >= 0 else {
                    if errno == EINTR { continue }
                    throw Self.failure("cannot write", draft)
                }
                written += count
            }
            buffer.removeAll(keepingCapacity: true)
        }
    }

    /// Makes the contents durable, gives the file its name, and makes that durable.
    func finish() throws(StartError) {
        try sync()
        try Self.demandNothing(at: path)
        guard rename(draft, path) == 0 else { throw Self.failure("cannot make", path) }
        try Self.syncDirectory(of: path)
    }

    /// Makes durable what was appended.
    func sync() throws(StartError) {
        try flush()
        guard fsync(descriptor) == 0 else { throw Self.failure("cannot make durable", draft) }
    }

    /// Removes the draft.
    func discard() {
        unlink(draft)
    }

    /// Makes the names of a file's directory durable.
    static func syncDirectory(of path: String) throws(StartError) {
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let file = open(directory, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure("cannot open", directory) }
        defer { close(file) }
        guard fsync(file) == 0 else { throw failure("cannot make durable", directory) }
    }

    private static func demandNothing(at path: String) throws(StartError) {
        guard access(path, F_OK) != 0 else {
            throw StartError("there is a file \(path) already, which is not overwritten; give another name")
        }
    }

    private static func failure(_ action: String, _ path: String) -> StartError {
        StartError("\(action) \(path): \(String(cString: strerror(errno)))")
    }
}
