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
    ///
    /// - Parameters:
    ///   - makeIfMissing: whether nothing is sealed yet. The file is made durable then, also one that was there: whoever
    ///     made it may have been killed before that, and a key whose name went with the power opens nothing.
    ///   - sync: makes what a descriptor leads to durable.
    package init(
        file path: String,
        makeIfMissing: Bool = true,
        random: any RandomSource,
        sync: @escaping @Sendable (Int32) -> Int32 = { fsync($0) }
    ) throws(MasterKey.Unusable) {
        let files = DurableFiles(sync: sync)
        if access(path, F_OK) != 0 {
            guard makeIfMissing else {
                throw .init(description: "there is no master key \(path), and this storage was made with one")
            }
            try Self.make(path, random, files)
        }
        var status = stat()
        guard stat(path, &status) == 0, let contents = FileManager.default.contents(atPath: path) else {
            throw .init(description: "cannot read the master key \(path): \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw .init(description: "the master key \(path) can be read by others; run: chmod 600 \(path)")
        }
        try self.init(hexadecimal: String(decoding: contents, as: UTF8.self), from: path)
        if makeIfMissing { try Self.makeDurable(path, files) }
    }

    /// What a file holds; nil when it cannot be read as it should be.
    package static func read(_ path: String) -> MasterKeys? {
        try? MasterKeys(file: path, makeIfMissing: false, random: SystemRandomSource())
    }

    private static func make(
        _ path: String,
        _ random: any RandomSource,
        _ files: DurableFiles
    ) throws(MasterKey.Unusable) {
        let draft = MasterKeyFile.firstDraft(of: path, random)
        let isWritten = files.put(random.hex(bytes: 32) + "\n", to: draft)
        // Where the file is by now another process was first, and its key counts.
        let isThere = isWritten && (files.settle(draft, as: path, isAlone: false) || errno == EEXIST)
        let failure = errno
        if isWritten { unlink(draft) }
        guard isThere else {
            throw .init(description: "cannot make the master key \(path): \(String(cString: strerror(failure)))")
        }
    }

    private static func makeDurable(_ path: String, _ files: DurableFiles) throws(MasterKey.Unusable) {
        for place in [path, DurableFiles.directory(of: path)] where !files.makeDurable(place) {
            // Of what nothing can be written to nothing is lost: a secret that is mounted, a pipe.
            guard ![EROFS, EINVAL].contains(errno) else { continue }
            throw .init(
                description: "cannot make the master key \(path) durable: \(place): \(String(cString: strerror(errno)))"
            )
        }
    }
}
