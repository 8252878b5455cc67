import FoundationEssentials
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The directory that holds an installation: `rostrum.db`, `master.key`, `rostrum.lock`.
package struct DataDirectory: Sendable {
    package let path: String

    /// - Parameter makeIfMissing: whether a directory that is not there is made, with mode 0700.
    package init(_ path: String, makeIfMissing: Bool) throws(StartError) {
        self.path = path
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            guard makeIfMissing else { throw StartError("there is no data directory \(path)") }
            do {
                try FileManager.default.createDirectory(
                    atPath: path,
                    withIntermediateDirectories: true,
                    attributes: [.posixPermissions: 0o700]
                )
            } catch {
                throw StartError("cannot make the data directory \(path): \(String(cString: strerror(errno)))")
            }
            return
        }
        guard isDirectory else { throw StartError("the data directory \(path) is a file") }
    }

    /// The one that a setting names, made if need be.
    init(setting path: String) throws(SettingError) {
        do throws(StartError) {
            try self.init(path, makeIfMissing: true)
        } catch {
            throw SettingError("data-dir", "must be a directory, or a place for one; \(error)")
        }
    }

    /// A new temporary directory, mode 0700.
    package static func temporary() throws(StartError) -> DataDirectory {
        var template = Array((FileManager.default.temporaryDirectory.path + "/rostrum-dev-XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else {
            throw StartError("cannot make a temporary directory: \(String(cString: strerror(errno)))")
        }
        let path = template.withUnsafeBufferPointer { buffer in
            String(decoding: buffer.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
        return try DataDirectory(path, makeIfMissing: false)
    }

    /// Whether an installation may be in a directory: only what is certainly not there is none, so that whoever opens the rest
    /// learns that it is a file, or not to be read.
    package static func mayHoldInstallation(_ path: String) -> Bool {
        access(database(in: path), F_OK) == 0 || errno != ENOENT
    }

    /// Whether a server runs on the directory at this moment.
    package var isInUse: Bool {
        let file = open(path + "/rostrum.lock", O_RDWR | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        // Shared, for another command may look at the same moment.
        return flock(file, LOCK_SH | LOCK_NB) != 0
    }

    /// The process of the server that runs on the directory at this moment; nil when there is none, or it is of a version
    /// that did not leave its number.
    var server: Int32? {
        guard isInUse, let text = FileManager.default.contents(atPath: path + "/rostrum.lock") else { return nil }
        return Int32(String(decoding: text, as: UTF8.self).prefix { $0.isNumber })
    }

    package var database: String { Self.database(in: path) }
    package var masterKey: String { path + "/master.key" }
    package var certificate: String { path + "/dev-certificate.pem" }

    private static func database(in path: String) -> String { path + "/rostrum.db" }

    func remove() {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Makes sure that one server at a time runs on the directory; the kernel drops the lock when the process ends.
    ///
    /// - Throws: ``StartError`` when another server has it for longer than a second.
    package func lock() throws(StartError) -> DirectoryLock {
        let file = open(path + "/rostrum.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else {
            throw StartError("cannot write in the data directory \(path): \(String(cString: strerror(errno)))")
        }
        // A command of the command line may hold the lock for a moment.
        for _ in 0..<20 where flock(file, LOCK_EX | LOCK_NB) != 0 { usleep(50_000) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw StartError("another server is running on the data directory \(path)")
        }
        let number = Array("\(getpid())\n".utf8)
        // Nothing depends on it: on a full disk the file stays empty.
        if ftruncate(file, 0) == 0 { _ = pwrite(file, number, number.count, 0) }
        return DirectoryLock(file: file)
    }
}

/// Holds a directory's lock until it is released or the process ends.
package struct DirectoryLock: ~Copyable {
    fileprivate let file: Int32

    deinit {
        close(file)
    }
}
