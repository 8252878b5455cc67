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
        descriptor = try Self.lockedDraft(draft, of: path)
        if !keepingDraft { try truncate(to: 0) }
    }

    deinit {
        close(descriptor)
    }

    /// What a file is called until it is whole.
    static func draft(of path: String) -> String { path + ".partial" }

    /// Opens the draft for this process alone.
    private static func lockedDraft(_ draft: String, of path: String) throws(StartError) -> Int32 {
        while true {
            try demandNothing(at: path)
            let descriptor = open(draft, O_RDWR | O_CREAT | O_CLOEXEC | O_APPEND, 0o600)
            guard descriptor >= 0 else { throw failure("cannot write", draft) }
            guard isLocked(descriptor) else {
                close(descriptor)
                throw StartError("another process writes \(draft)")
            }
            var (opened, named) = (stat(), stat())
            let isTheDraft =
                fstat(descriptor, &opened) == 0 && stat(draft, &named) == 0 && opened.st_dev == named.st_dev
                && opened.st_ino == named.st_ino
            if isTheDraft, opened.st_nlink == 1 { return descriptor }
            // Else it got its name between the opening and the locking, or has it from a process that ended within
            // ``finish()``: it is a file of somebody's, and no draft any more.
            if isTheDraft { unlink(draft) }
            close(descriptor)
        }
    }

    /// Whether the file is this process's within a second: one that ended may have left it to a child for a moment, which
    /// has every open file until it runs a program of its own.
    private static func isLocked(_ descriptor: Int32) -> Bool {
        for _ in 0..<20 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            usleep(50_000)
        }
        return false
    }

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
    ///
    /// - Throws: ``StartError``; it has no name but that of its draft then.
    func finish() throws(StartError) {
        try sync()
        let hasBothNames = try takeName()
        do throws(StartError) {
            try Self.syncDirectory(of: path)
        } catch {
            if hasBothNames { unlink(path) } else { rename(path, draft) }
            throw error
        }
        if hasBothNames { unlink(draft) }
    }

    /// Gives the file its name, unless another one has come there.
    ///
    /// - Returns: whether it has that of its draft, too.
    private func takeName() throws(StartError) -> Bool {
        // Unlike a rename, a link takes no name from a file that has it.
        if link(draft, path) == 0 { return true }
        guard errno != EEXIST else { throw Self.taken(path) }
        // Some file systems know no links; there is a moment between the look and the renaming on those.
        guard [EPERM, EOPNOTSUPP, ENOSYS].contains(errno) else { throw Self.failure("cannot make", path) }
        try Self.demandNothing(at: path)
        guard rename(draft, path) == 0 else { throw Self.failure("cannot make", path) }
        return false
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
        guard access(path, F_OK) != 0 else { throw taken(path) }
    }

    private static func taken(_ path: String) -> StartError {
        StartError("there is a file \(path) already, which is not overwritten; give another name")
    }

    private static func failure(_ action: String, _ path: String) -> StartError {
        StartError("\(action) \(path): \(String(cString: strerror(errno)))")
    }
}
