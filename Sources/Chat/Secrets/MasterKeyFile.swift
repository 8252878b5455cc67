import FoundationEssentials

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A key file that is changed: one command at a time, and at every moment the file is whole.
package struct MasterKeyFile: ~Copyable {
    /// Where the file is, links followed: it may be one into a directory of secrets.
    private let path: String
    /// Its directory, which is locked.
    private let directory: Int32
    private let files: DurableFiles

    /// Keeps other commands away until it is let go of.
    ///
    /// - Parameter sync: makes what a descriptor leads to durable.
    package init(
        _ given: String,
        sync: @escaping @Sendable (Int32) -> Int32 = { fsync($0) }
    ) throws(MasterKey.Unusable) {
        guard let resolved = realpath(given, nil) else {
            throw .init(description: "cannot read the master key \(given): \(String(cString: strerror(errno)))")
        }
        let path = String(cString: resolved)
        free(resolved)
        let directory = open(DurableFiles.directory(of: path), O_RDONLY | O_CLOEXEC)
        guard directory >= 0 else {
            throw .init(description: "cannot open the directory of \(path): \(String(cString: strerror(errno)))")
        }
        guard flock(directory, LOCK_EX | LOCK_NB) == 0 else {
            close(directory)
            throw .init(description: "another command changes the master key \(path) at this moment")
        }
        (self.path, self.directory, files) = (path, directory, DurableFiles(sync: sync))
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
        try syncDirectory()
        return try MasterKeys(hexadecimal: text, from: path)
    }

    /// Makes durable what the file has by now: whoever wrote it may have been killed before that.
    package func makeDurable() throws(MasterKey.Unusable) {
        guard files.makeDurable(path) else {
            throw .init(
                description: "cannot make the master key \(path) durable: \(String(cString: strerror(errno)))"
            )
        }
        try syncDirectory()
    }

    /// Leaves the newest key alone in it, and the older one in a file beside it: backups from before need that.
    ///
    /// - Returns: that file, which may be there since a run that was stopped; nil when there is no older key.
    /// - Throws: ``MasterKey/Unusable``, which names the file with the older key when the key file has it no more.
    package func dropOlder(at moment: Timestamp) throws(MasterKey.Unusable) -> String? {
        let present = try read()
        guard let older = present.older else { return nil }
        let kept = try keep(older, from: moment)
        try replace(with: present.newest.text + "\n")
        do throws(MasterKey.Unusable) {
            try syncDirectory()
        } catch {
            throw .init(
                description: """
                    \(path) has the new key alone and \(kept) the old one, but \(error.description). After a loss of power \
                    \(path) may have both again; only then run this again
                    """
            )
        }
        return kept
    }

    /// - Returns: a file that has the key and is durable.
    private func keep(_ key: MasterKey, from moment: Timestamp) throws(MasterKey.Unusable) -> String {
        let found = keptFile(of: key)
        let kept = if let found { found } else { try putAside(key, from: moment) }
        guard files.makeDurable(kept), files.sync(directory) == 0 else { throw cannotKeep(kept, errno) }
        return kept
    }

    /// The file that the key is in since a run that was stopped before it took the key out.
    private func keptFile(of key: MasterKey) -> String? {
        companions(Self.isKept).sorted().first { file in
            MasterKeys.read(file).map { $0.newest == key && $0.older == nil } ?? false
        }
    }

    private func putAside(_ key: MasterKey, from moment: Timestamp) throws(MasterKey.Unusable) -> String {
        var (kept, isKept) = ("", writeDraft(key.text + "\n", mode: 0o600))
        var failure = errno
        if isKept {
            for name in Self.keptNames(of: path, at: moment) {
                (kept, isKept) = (name, files.settle(Self.draft(of: path), as: name, isAlone: true))
                failure = errno
                guard !isKept, failure == EEXIST else { break }
            }
        }
        guard isKept else {
            removeDrafts()
            throw cannotKeep(kept, failure)
        }
        return kept
    }

    private func cannotKeep(_ kept: String, _ number: Int32) -> MasterKey.Unusable {
        let reason = String(cString: strerror(number))
        return .init(description: "cannot keep the old master key in \(kept): \(reason); \(path) has both keys still")
    }

    private func replace(with text: String) throws(MasterKey.Unusable) {
        var status = stat()
        let isDone =
            stat(path, &status) == 0 && writeDraft(text, mode: status.st_mode & 0o700)
            && rename(Self.draft(of: path), path) == 0
        guard isDone else {
            let failure = errno
            removeDrafts()
            throw .init(
                description: """
                    cannot change the master key \(path), which is as it was: \(String(cString: strerror(failure)))
                    """
            )
        }
    }

    /// Writes the draft, in the place of any that whoever was killed left.
    private func writeDraft(_ text: String, mode: mode_t) -> Bool {
        removeDrafts()
        // Whoever types the command may be root, and the file's owner the server's user.
        var status = stat()
        return stat(path, &status) == 0
            && files.put(text, to: Self.draft(of: path), owner: (status.st_uid, status.st_gid), mode: mode)
    }

    private func removeDrafts() {
        for draft in companions(Self.isDraft) { unlink(draft) }
    }

    /// The files beside this one whose names are such.
    private func companions(_ areSuch: (_ name: String, _ key: String) -> Bool) -> [String] {
        let directory = DurableFiles.directory(of: path)
        let key = String(path.dropFirst(directory.count))
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.filter { areSuch($0, key) }.map { directory + $0 }
    }

    /// Makes the file's name as durable as its contents.
    private func syncDirectory() throws(MasterKey.Unusable) {
        guard files.sync(directory) == 0 else {
            let reason = String(cString: strerror(errno))
            throw .init(description: "cannot make the master key \(path) durable in its directory: \(reason)")
        }
    }
}
