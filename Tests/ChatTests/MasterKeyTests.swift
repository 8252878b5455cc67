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

/// The file that an installation's secrets depend on.
@Suite struct MasterKeyTests {
    private static let sample = String(repeating: "0f", count: 32)

    private func mode(of path: String) throws -> mode_t {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return status.st_mode & 0o777
    }

    private func write(_ text: String, to path: String, mode: Int = 0o600) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    private func bytes(of key: MasterKey) -> [UInt8] {
        key.symmetricKey.withUnsafeBytes { Array($0) }
    }

    private func bytes(of keys: MasterKeys) -> [UInt8] {
        keys.older == nil ? bytes(of: keys.newest) : []
    }

    @Test("64 hexadecimal digits are a key, in either case and with white space around them")
    func digits() throws {
        let expected = [UInt8](repeating: 0x0F, count: 32)

        for text in [Self.sample, Self.sample.uppercased(), "  \(Self.sample)\r\n", "\t\(Self.sample)\n\n"] {
            #expect(bytes(of: try MasterKey(hexadecimal: text, from: "here")) == expected)
        }
    }

    @Test(
        "anything else is refused, naming where it came from and not what it is",
        arguments: [
            "", "0f", String(sample.dropLast(1)), sample + "00", String(sample.dropLast(1)) + "g", "0x" + sample,
        ]
    )
    func notDigits(text: String) {
        let error = #expect(throws: MasterKey.Unusable.self) { try MasterKey(hexadecimal: text, from: "the moon") }

        #expect(error?.description == "the master key in the moon is not 64 hexadecimal digits")
    }

    @Test("a file that is not there is made, readable by its owner alone, and found again")
    func made() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/master.key"

            let made = try MasterKeys(file: path, random: SeededRandom(seed: 1))
            let found = try MasterKeys(file: path, random: SeededRandom(seed: 2))

            #expect(bytes(of: made) == bytes(of: found))
            #expect(try mode(of: path) == 0o600)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["master.key"])
            let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
            #expect(text.utf8.count == 65)
            #expect(bytes(of: try MasterKey(hexadecimal: text, from: path)) == bytes(of: made))
        }
    }

    @Test("two installations have two keys")
    func random() async throws {
        try await withTemporaryDirectory { directory in
            let first = try MasterKeys(file: "\(directory)/1", random: SystemRandomSource())
            let second = try MasterKeys(file: "\(directory)/2", random: SystemRandomSource())

            #expect(bytes(of: first) != bytes(of: second))
        }
    }

    @Test("processes that start at once make one file and have one key", arguments: 1...20)
    func concurrentMakers(round: UInt64) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/master.key"
            let keys = try await withThrowingTaskGroup(of: [UInt8].self) { group in
                for maker in UInt64(0)..<8 {
                    group.addTask {
                        bytes(of: try MasterKeys(file: path, random: SeededRandom(seed: round * 8 + maker)))
                    }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }

            #expect(keys.count == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["master.key"])
        }
    }

    @Test("a file that others may read is refused, with what to do about it", arguments: [0o644, 0o640, 0o604, 0o660])
    func readableByOthers(mode: Int) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/master.key"
            try write(Self.sample, to: path, mode: mode)

            let error = #expect(throws: MasterKey.Unusable.self) { try MasterKeys(file: path, random: SeededRandom()) }
            #expect(error?.description == "the master key \(path) can be read by others; run: chmod 600 \(path)")
        }
    }

    @Test("a file that its owner may only read is good")
    func readOnly() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/master.key"
            try write(Self.sample, to: path, mode: 0o400)

            let key = try MasterKeys(file: path, random: SeededRandom())
            #expect(bytes(of: key) == [UInt8](repeating: 0x0F, count: 32))
        }
    }

    @Test("a file of something else is refused and left alone", arguments: ["", "secret", "\n"])
    func garbage(contents: String) async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/master.key"
            try write(contents, to: path)

            let error = #expect(throws: MasterKey.Unusable.self) { try MasterKeys(file: path, random: SeededRandom()) }
            #expect(error?.description.contains(path) == true)
            #expect(contents.isEmpty || error?.description.contains(contents) == false)
            #expect(try Data(contentsOf: URL(filePath: path)) == Data(contents.utf8))
        }
    }

    @Test("a directory in the file's place cannot be read")
    func directoryInstead() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/master.key"
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)

            let error = #expect(throws: MasterKey.Unusable.self) { try MasterKeys(file: path, random: SeededRandom()) }
            #expect(error?.description.hasPrefix("cannot read the master key \(path)") == true)
        }
    }

    @Test("without its directory the file cannot be made")
    func missingDirectory() async throws {
        try await withTemporaryDirectory { directory in
            let path = "\(directory)/missing/master.key"

            let error = #expect(throws: MasterKey.Unusable.self) { try MasterKeys(file: path, random: SeededRandom()) }
            #expect(error?.description == "cannot make the master key \(path): No such file or directory")
        }
    }
}
