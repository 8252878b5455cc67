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
        guard isLinked else { throw failed(failure) }
        // Before the first secret is sealed under it: a key whose name went with the power opens nothing.
        guard MasterKeyFile.sync(directoryOf: path) else { throw failed(errno) }
    }
}

/// A key file that is changed: one command at a time, and at every moment the file is whole.
package struct MasterKeyFile: ~Copyable {
    /// Where the file is, links followed: it may be one into a directory of secrets.
    private let path: String
    private let directory: Int32
    private let sync: @Sendable (Int32) -> Int32

    /// Keeps other commands away until it is let go of.
    package init(_ given: String) throws(MasterKey.Unusable) {
        try self.init(given) { fsync($0) }
    }

    /// - Parameter sync: makes what a descriptor leads to durable, as `fsync` does.
    package init(_ given: String, sync: @escaping @Sendable (Int32) -> Int32) throws(MasterKey.Unusable) {
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
        (self.path, self.directory, self.sync) = (path, directory, sync)
    }

    deinit {
        close(directory)
    }

    package func read() throws(MasterKey.Unusable) -> MasterKeys {
        try MasterKeys(file: path, makeIfMissing: false, random: SystemRandomSource())
    }

    /// Puts a new key before the one that is there.
    ///
    /// - Returns: the two, which the file has after a loss of power, too.
    package func prepend(_ random: any RandomSource) throws(MasterKey.Unusable) -> MasterKeys {
        let present = try read()
        guard present.older == nil else {
            throw .init(description: "the master key \(path) has a new key already, and an old one")
        }
        let text = "\(random.hex(bytes: 32))\n\(present.newest.text)\n"
        try replace(with: text)
        return try MasterKeys(hexadecimal: text, from: path)
    }

    /// Makes durable what the file has by now: whoever wrote it may have been killed before that.
    package func makeDurable() throws(MasterKey.Unusable) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        let isDurable = file >= 0 && sync(file) == 0
        let failure = errno
        if file >= 0 { close(file) }
        guard isDurable else {
            throw .init(
                description: "cannot make the master key \(path) durable: \(String(cString: strerror(failure)))"
            )
        }
        try syncDirectory()
    }

    /// Leaves the newest key alone in it, and the older one in a file beside it: backups from before need that.
    ///
    /// - Returns: that file, which was not there before; nil when there is no older key.
    package func dropOlder(at moment: Timestamp) throws(MasterKey.Unusable) -> String? {
        let present = try read()
        guard let older = present.older else { return nil }
        let kept = try keep(older, from: moment)
        try replace(with: present.newest.text + "\n")
        return kept
    }

    /// What stands between the name of a key file and the time of a key that was taken out of it.
    package static let keptSuffix = ".before-"

    private func keep(_ key: MasterKey, from moment: Timestamp) throws(MasterKey.Unusable) -> String {
        let time = Date(timeIntervalSince1970: Double(moment.seconds)).formatted(.iso8601)
            .filter { !"-:".contains($0) }
        var status = stat()
        var isKept = false
        var kept = ""
        if stat(path, &status) == 0 {
            let owner = (user: status.st_uid, group: status.st_gid)
            for number in 1...100 where !isKept {
                kept = "\(path)\(Self.keptSuffix)\(time)\(number == 1 ? "" : "-\(number)")"
                isKept = Self.put(key.text + "\n", to: kept, owner: owner)
                guard isKept || errno == EEXIST else { break }
            }
        }
        guard isKept else {
            let reason = String(cString: strerror(errno))
            throw .init(
                description: "cannot keep the old master key in \(kept): \(reason); \(path) has both keys still"
            )
        }
        try syncDirectory()
        return kept
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
        try syncDirectory()
    }

    /// Makes the file's name as durable as its contents.
    private func syncDirectory() throws(MasterKey.Unusable) {
        guard sync(directory) == 0 else {
            let reason = String(cString: strerror(errno))
            throw .init(description: "cannot make the master key \(path) durable in its directory: \(reason)")
        }
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
    fileprivate static func sync(directoryOf path: String) -> Bool {
        let file = open(directory(of: path), O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        let isDurable = fsync(file) == 0
        let failure = errno
        close(file)
        errno = failure
        return isDurable
    }

    private static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    }
}
