import Chat
import Crypto
import FoundationEssentials
import RostrumTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The key file while the key is being changed.
@Suite struct MasterKeyFileTests {
    private static let old = String(repeating: "0f", count: 32)

    /// Makes a key file, hands its path to `body` and removes it.
    private func withFile(_ text: String = old, _ body: (String) throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/master.key"
            try put(text, at: path)
            try body(path)
        }
    }

    private func put(_ text: String, at path: String) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    }

    private func read(_ path: String) throws -> MasterKeys {
        try MasterKeys(file: path, makeIfMissing: false, random: SeededRandom())
    }

    private func lines(_ path: String) throws -> [Substring] {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self).split(separator: "\n")
    }

    @Test("a new key stands before the old one, and then alone")
    func change() async throws {
        try await withFile { path in
            let file = try MasterKeyFile(path)
            let both = try file.prepend(SeededRandom(seed: 3))

            #expect(both.older == .example && both.newest != .example)
            #expect(try lines(path).count == 2)
            let found = try read(path)
            #expect(found.newest == both.newest && found.older == .example)

            let moment = Timestamp(seconds: 1_764_159_660)
            let kept = try file.dropOlder(at: moment)

            #expect(kept == "\(path).before-20251126T122100Z")
            #expect(try lines(try #require(kept)) == [Substring(Self.old)])
            #expect(try read(try #require(kept)).newest == .example)
            #expect(try lines(path).count == 1)
            let left = try read(path)
            #expect(left.newest == both.newest && left.older == nil)
            let none = try file.dropOlder(at: moment)
            #expect(none == nil)
            #expect(try read(path).newest == both.newest)

            _ = try file.prepend(SeededRandom(seed: 4))
            let second = try file.dropOlder(at: moment)
            #expect(second == "\(path).before-20251126T122100Z-2")
            #expect(try lines(try #require(kept)) == [Substring(Self.old)])
        }
    }

    @Test("a file with two keys gets no third")
    func third() async throws {
        try await withFile { path in
            do { _ = try MasterKeyFile(path).prepend(SeededRandom(seed: 3)) }
            let before = try lines(path)

            #expect(throws: MasterKey.Unusable.self) { _ = try MasterKeyFile(path).prepend(SeededRandom(seed: 4)) }
            #expect(try lines(path) == before)
        }
    }

    @Test("the same key twice is one key, and three are none")
    func copies() async throws {
        try await withFile("\(Self.old)\n\(Self.old)\n") { path in
            let keys = try read(path)
            #expect(keys.older == nil)
        }
        try await withFile("\(Self.old)\n\(Self.old)\n\(Self.old)\n") { path in
            #expect(throws: MasterKey.Unusable.self) { try read(path) }
        }
    }

    @Test("the file stays its owner's alone, and what a killed command left is in nobody's way")
    func modes() async throws {
        try await withFile { path in
            try put("half a", at: "\(path).new")
            try FileManager.default.setAttributes([.posixPermissions: 0o400], ofItemAtPath: path)

            _ = try MasterKeyFile(path).prepend(SeededRandom(seed: 3))

            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o400)
            #expect(!FileManager.default.fileExists(atPath: "\(path).new"))
            #expect(try read(path).older == .example)
        }
    }

    @Test("a key that an earlier run kept is kept once, and in no draft either")
    func keptBefore() async throws {
        try await withFile { path in
            let file = try MasterKeyFile(path)
            _ = try file.prepend(SeededRandom(seed: 3))
            let kept = "\(path).before-20260101T000000Z-2"
            try put("", at: "\(path).before-20260101T000000Z")
            try put(String(repeating: "e1", count: 32), at: "\(path).before-20260101T000000Z-1")
            try put(Self.old, at: kept)
            let drafts = ["\(path).new", "\(path).new-0123456789abcdef"]
            for draft in drafts { try put(Self.old, at: draft) }
            try put("mine", at: "\(path).new-node1")

            let found = try file.dropOlder(at: Timestamp(seconds: 1_764_159_660))

            #expect(found == kept)
            #expect(try lines(path).count == 1)
            #expect(!drafts.contains { FileManager.default.fileExists(atPath: $0) })
            #expect(try lines("\(path).new-node1") == ["mine"])
            let names = try FileManager.default.contentsOfDirectory(atPath: String(path.dropLast("/master.key".count)))
            #expect(names.filter { $0.contains(".before-") }.count == 3)
        }
    }

    @Test("where the file is a link, what it leads to is changed")
    func link() async throws {
        try await withFile { path in
            let link = "\(path).link"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: path)

            _ = try MasterKeyFile(link).prepend(SeededRandom(seed: 3))

            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == path)
            #expect(try read(path).older == .example)
        }
    }

    @Test("one command at a time changes it")
    func lock() async throws {
        try await withFile { path in
            do {
                let first = try MasterKeyFile(path)
                let error = #expect(throws: MasterKey.Unusable.self) { _ = try MasterKeyFile(path).read() }
                #expect(error?.description.contains("another command") == true)
                _ = try first.read()
            }
            let left = try MasterKeyFile(path).read()
            #expect(left.newest == .example)
        }
    }

    @Test("a file that is not there is not made")
    func missing() {
        #expect(throws: MasterKey.Unusable.self) { _ = try MasterKeyFile("/nowhere/master.key").read() }
    }
}
