import Chat
import FoundationEssentials
import RostrumTesting
import Synchronization
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Keys are there after a loss of power before anything depends on that, and a sync that fails is no end.
@Suite struct MasterKeyDurabilityTests {
    private static let old = String(repeating: "0f", count: 32)

    /// Syncs, but fails for one kind of file.
    ///
    /// - Parameter number: which of its calls for that kind fails, from 1; nil for each.
    private func failing(for kind: mode_t, call number: Int? = nil) -> @Sendable (Int32) -> Int32 {
        let calls = Mutex(0)
        return { descriptor in
            var status = stat()
            guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == kind else { return fsync(descriptor) }
            let call = calls.withLock { calls in
                calls += 1
                return calls
            }
            guard number == nil || number == call else { return fsync(descriptor) }
            errno = EIO
            return -1
        }
    }

    private func withFile(_ body: (_ path: String, _ directory: String) throws -> Void) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/master.key"
            try Data(Self.old.utf8).write(to: URL(filePath: path))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
            try body(path, directory)
        }
    }

    private func lines(_ path: String) throws -> [Substring] {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self).split(separator: "\n")
    }

    private func names(_ directory: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    }

    @Test("a first key that may be gone after a loss of power is not given out, nor to whoever asks again")
    func first() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/master.key"
            for seed in UInt64(1)...2 {
                let error = #expect(throws: MasterKey.Unusable.self) {
                    try MasterKeys(file: path, random: SeededRandom(seed: seed), sync: failing(for: S_IFDIR))
                }
                #expect(
                    error?.description.hasPrefix("cannot make the master key \(path) durable: \(directory)") == true
                )
                #expect(try names(directory) == ["master.key"])
            }
            _ = try MasterKeys(file: path, random: SeededRandom(seed: 3))
        }
    }

    @Test(
        "a file that was there is made durable where nothing is sealed yet, and there alone",
        arguments: [S_IFREG, S_IFDIR]
    )
    func present(kind: mode_t) async throws {
        try await withFile { path, _ in
            let error = #expect(throws: MasterKey.Unusable.self) {
                try MasterKeys(file: path, random: SeededRandom(), sync: failing(for: kind))
            }
            #expect(error?.description.hasPrefix("cannot make the master key \(path) durable") == true)
            let later = try MasterKeys(
                file: path,
                makeIfMissing: false,
                random: SeededRandom(),
                sync: failing(for: kind)
            )
            #expect(later.newest == .example)
        }
    }

    @Test("a file in a place that nothing can be written to is good", arguments: [EROFS, EINVAL])
    func mounted(number: Int32) async throws {
        try await withFile { path, _ in
            let keys = try MasterKeys(file: path, random: SeededRandom()) { _ in
                errno = number
                return -1
            }
            #expect(keys.newest == .example)
        }
    }

    @Test("a new key that may be gone after a loss of power is not given out")
    func prepended() async throws {
        try await withFile { path, _ in
            do {
                let file = try MasterKeyFile(path, sync: failing(for: S_IFDIR))
                let error = #expect(throws: MasterKey.Unusable.self) { _ = try file.prepend(SeededRandom(seed: 3)) }
                #expect(error?.description.contains("durable in its directory") == true)
                // Whoever finds both keys there has to make them durable first.
                #expect(throws: MasterKey.Unusable.self) { try file.makeDurable() }
                let before = try lines(path)
                #expect(throws: MasterKey.Unusable.self) { _ = try file.dropOlder(at: Timestamp(seconds: 0)) }
                #expect(try lines(path) == before)
            }
            try MasterKeyFile(path).makeDurable()
        }
    }

    @Test(
        "whichever sync fails while the old key is taken out, it is in one file at the end, and that is named",
        arguments: [(S_IFREG, 1), (S_IFREG, 2), (S_IFREG, 3), (S_IFDIR, 1), (S_IFDIR, 2)]
    )
    func dropped(kind: mode_t, call: Int) async throws {
        try await withFile { path, directory in
            let both = try MasterKeyFile(path).prepend(SeededRandom(seed: 3))

            let error = #expect(throws: MasterKey.Unusable.self) {
                let file = try MasterKeyFile(path, sync: failing(for: kind, call: call))
                _ = try file.dropOlder(at: Timestamp(seconds: 0))
            }
            let isDropped = try lines(path).count == 1
            let again = try MasterKeyFile(path).dropOlder(at: Timestamp(seconds: 60))

            let kept = try names(directory).filter { $0 != "master.key" }
            #expect(kept.count == 1, "\(kept)")
            let left = "\(directory)/\(kept.first ?? "")"
            #expect(try lines(left) == [Substring(Self.old)])
            let present = try MasterKeyFile(path).read()
            #expect(present.newest == both.newest && present.older == nil)
            #expect(isDropped == (kind == S_IFDIR && call == 2))
            if isDropped {
                #expect(again == nil)
                #expect(error?.description.contains("has the new key alone and \(left) the old one") == true)
            } else {
                #expect(again == left)
                #expect(error?.description.contains("\(path)") == true)
            }
        }
    }
}
