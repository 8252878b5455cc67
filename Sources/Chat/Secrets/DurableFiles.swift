#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Files that something depends on: whole and durable, or not there at all.
///
/// Where one of its methods answers false, `errno` says why.
struct DurableFiles: Sendable {
    /// Makes what a descriptor leads to durable, as `fsync` does.
    let sync: @Sendable (Int32) -> Int32

    /// Writes a file that was not there, for its owner alone, and makes its contents durable.
    ///
    /// - Parameter owner: nil for whoever writes it.
    func put(
        _ text: String,
        to path: String,
        owner: (user: uid_t, group: gid_t)? = nil,
        mode: mode_t = 0o600
    ) -> Bool {
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { return false }
        let bytes = Array(text.utf8)
        var isWritten = write(file, bytes, bytes.count) == bytes.count
        if isWritten, let owner { isWritten = fchown(file, owner.user, owner.group) == 0 && fchmod(file, mode) == 0 }
        if isWritten { isWritten = sync(file) == 0 }
        let failure = errno
        close(file)
        if !isWritten { unlink(path) }
        errno = failure
        return isWritten
    }

    /// Gives a draft its name, which no file has; false with `EEXIST` where one has it.
    ///
    /// - Parameter isAlone: whether nobody else gives out this name meanwhile, so that a look at it will do where the file
    ///   system knows no links.
    func settle(_ draft: String, as path: String, isAlone: Bool) -> Bool {
        if link(draft, path) == 0 {
            unlink(draft)
            return true
        }
        guard isAlone, [EPERM, EOPNOTSUPP, ENOSYS].contains(errno) else { return false }
        guard access(path, F_OK) != 0 else {
            errno = EEXIST
            return false
        }
        return rename(draft, path) == 0
    }

    /// Makes a file or a directory durable that is there.
    func makeDurable(_ path: String) -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        let isDurable = sync(file) == 0
        let failure = errno
        close(file)
        errno = failure
        return isDurable
    }

    /// The directory that a file's name is in.
    static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    }
}
