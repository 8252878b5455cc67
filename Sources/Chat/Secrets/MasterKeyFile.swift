import FoundationEssentials

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

extension MasterKeys {
    /// Reads the key file, or makes one with mode 0600 when there is none and it may be made.
    ///
    /// Safe when several processes start at once: the file appears whole or not at all, and once.
    package init(file path: String, makeIfMissing: Bool = true, random: any RandomSource) throws(MasterKey.Unusable) {
        if access(path, F_OK) != 0 {
            guard makeIfMissing else {
                throw .init(description: "there is no master key \(path), and this storage was made with one")
            }
            try Self.make(path, random)
        }
        var status = stat()
        guard stat(path, &status) == 0, let contents = FileManager.default.contents(atPath: path) else {
            throw .init(description: "cannot read the master key \(path): \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw .init(description: "the master key \(path) can be read by others; run: chmod 600 \(path)")
        }
        try self.init(hexadecimal: String(decoding: contents, as: UTF8.self), from: path)
    }

    private static func make(_ path: String, _ random: any RandomSource) throws(MasterKey.Unusable) {
        func failed(_ number: Int32) -> MasterKey.Unusable {
            .init(description: "cannot make the master key \(path): \(String(cString: strerror(number)))")
        }
        let draft = "\(path).\(random.hex(bytes: 8))"
        guard MasterKeyFile.put(random.hex(bytes: 32) + "\n", to: draft) else { throw failed(errno) }
        // A link fails where the file already is: another process was first, and its key counts.
        let isLinked = link(draft, path) == 0 || errno == EEXIST
        let failure = errno
        unlink(draft)
        MasterKeyFile.sync(directoryOf: path)
        guard isLinked else { throw failed(failure) }
    }
}

/// A key file that is changed: one command at a time, and at every moment the file is whole.
package struct MasterKeyFile: ~Copyable {
    /// Where the file is, links followed: it may be one into a directory of secrets.
    private let path: String
    private let directory: Int32

    /// Keeps other commands away until it is let go of.
    package init(_ given: String) throws(MasterKey.Unusable) {
        guard let resolved = realpath(given, nil) else {
            throw .init(description: "cannot read the master key \(given): \(String(cString: strerror(errno)))")
        }
        let path = String(cString: resolved)
        free(resolved)
        let directory = open(Self.directory(of: path), O_RDONLY | O_CLOEXEC)
        guard directory >= 0 else {
            throw .init(description: "cannot open the directory of \(path): \(String(cString: strerror(errno)))")
        }
        guard flock(directory, LOCK_EX | LOCK_NB) == 0 else {
            close(directory)
            throw .init(description: "another command changes the master key \(path) at this moment")
        }
        (self.path, self.directory) = (path, directory)
    }

    deinit {
        close(directory)
    }

    package func read() throws(MasterKey.Unusable) -> MasterKeys {
        try MasterKeys(file: path, makeIfMissing: false, random: SystemRandomSource())
    }

    /// Puts a new key before the one that is there.
    ///
    /// - Returns: the two.
    package func prepend(_ random: any RandomSource) throws(MasterKey.Unusable) -> MasterKeys {
        let present = try read()
        guard present.older == nil else {
            throw .init(description: "the master key \(path) has a new key already, and an old one")
        }
        let text = "\(random.hex(bytes: 32))\n\(present.newest.text)\n"
        try replace(with: text)
        return try MasterKeys(hexadecimal: text, from: path)
    }

    /// Leaves the newest key alone in it.
    package func dropOlder() throws(MasterKey.Unusable) {
        let present = try read()
        if present.older != nil { try replace(with: present.newest.text + "\n") }
    }

    private func replace(with text: String) throws(MasterKey.Unusable) {
        var status = stat()
        let draft = "\(path).new"
        unlink(draft)
        // Whoever types the command may be root, and the file's owner the server's user.
        let isDone =
            stat(path, &status) == 0
            && Self.put(text, to: draft, owner: (status.st_uid, status.st_gid), mode: status.st_mode & 0o700)
            && rename(draft, path) == 0
        guard isDone else {
            let failure = errno
            unlink(draft)
            throw .init(
                description: "cannot change the master key \(path): \(String(cString: strerror(failure)))"
            )
        }
        Self.sync(directoryOf: path)
    }

    /// Writes a file that was not there, for its owner alone, and makes its contents durable.
    fileprivate static func put(
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
        if isWritten { isWritten = fsync(file) == 0 }
        let failure = errno
        close(file)
        if !isWritten { unlink(path) }
        errno = failure
        return isWritten
    }

    /// Makes the file's name as durable as its contents.
    fileprivate static func sync(directoryOf path: String) {
        let file = open(directory(of: path), O_RDONLY)
        guard file >= 0 else { return }
        fsync(file)
        close(file)
    }

    private static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    }
}
