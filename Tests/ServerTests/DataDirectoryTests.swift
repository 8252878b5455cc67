import FoundationEssentials
import RostrumTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

@testable import Server

/// The directory of an installation, and its lock.
@Suite struct DataDirectoryTests {
    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    /// What is said when the directory cannot be used; nil when it can.
    private func refusal(_ path: String, makeIfMissing: Bool) -> String? {
        do {
            _ = try DataDirectory(path, makeIfMissing: makeIfMissing)
            return nil
        } catch {
            return error.description
        }
    }

    @Test("a directory that is missing is made for its owner alone")
    func made() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/a/b"

            let made = try DataDirectory(path, makeIfMissing: true)

            #expect(try mode(path) == 0o700)
            #expect(made.database.hasPrefix(path + "/") && made.masterKey.hasPrefix(path + "/"))
            #expect(refusal(path, makeIfMissing: false) == nil)
        }
    }

    @Test("a directory that is missing and not to be made, or that is a file, is named")
    func unusable() async throws {
        try await withTemporaryDirectory { directory in
            let file = "\(directory)/file"
            try Data().write(to: URL(filePath: file))

            #expect(refusal("\(directory)/nothing", makeIfMissing: false)?.contains("\(directory)/nothing") == true)
            #expect(refusal(file, makeIfMissing: true)?.contains(file) == true)
            #expect(refusal("\(file)/below", makeIfMissing: true)?.contains("\(file)/below") == true)
        }
    }

    @Test("the lock refuses a second server, and is free again when the first is gone")
    func lock() async throws {
        try await withTemporaryDirectory { path in
            let directory = try DataDirectory(path, makeIfMissing: false)
            let same = try DataDirectory(path + "/.", makeIfMissing: false)

            let first = try directory.lock()
            for second in [directory, same] {
                do throws(StartError) {
                    _ = try second.lock()
                    Issue.record("two servers hold one lock")
                } catch {
                    #expect(error.description.contains("another server") && error.description.contains(path))
                }
            }
            _ = consume first

            _ = try directory.lock()
            _ = try same.lock()
        }
    }

    @Test("a directory is in use while a server has its lock, and looking takes nobody's place")
    func inUse() async throws {
        try await withTemporaryDirectory { path in
            let directory = try DataDirectory(path, makeIfMissing: false)
            #expect(!directory.isInUse && directory.server == nil, "there is no lock file yet")

            let lock = try directory.lock()
            #expect(directory.isInUse)
            #expect(directory.isInUse)
            #expect(directory.server == getpid())
            _ = consume lock

            // A program that is started at this very moment has a copy of what is open here.
            try await waitUntil("nobody has it") { !directory.isInUse }
            #expect(directory.server == nil)
            _ = try directory.lock()
        }
    }

    @Test("commands that look at the same moment do not take one another for a server")
    func lookingTogether() async throws {
        try await withTemporaryDirectory { path in
            let directory = try DataDirectory(path, makeIfMissing: false)
            _ = try directory.lock()

            let seen = await withTaskGroup(of: Int.self) { group in
                for _ in 0..<4 {
                    group.addTask { (0..<5000).count { _ in directory.isInUse } }
                }
                return await group.reduce(0, +)
            }

            #expect(seen == 0)
        }
    }

    @Test("two directories have two locks")
    func twoLocks() async throws {
        try await withTemporaryDirectory { path in
            let one = try DataDirectory("\(path)/one", makeIfMissing: true).lock()
            let other = try DataDirectory("\(path)/other", makeIfMissing: true).lock()

            #expect(try mode("\(path)/one/rostrum.lock") == 0o600)
            _ = consume one
            _ = consume other
        }
    }

    @Test("a lock file that an earlier server left behind locks nothing")
    func leftBehind() async throws {
        try await withTemporaryDirectory { path in
            try Data("4711\n".utf8).write(to: URL(filePath: "\(path)/rostrum.lock"))

            _ = try DataDirectory(path, makeIfMissing: false).lock()
        }
    }

    @Test("temporary directories are there, empty, its owner's alone, and each another")
    func temporary() throws {
        let (one, other) = (try DataDirectory.temporary(), try DataDirectory.temporary())
        defer {
            for directory in [one, other] { try? FileManager.default.removeItem(atPath: directory.path) }
        }

        #expect(one.path != other.path)
        #expect(try mode(one.path) == 0o700)
        #expect(try FileManager.default.contentsOfDirectory(atPath: one.path).isEmpty)
    }
}
