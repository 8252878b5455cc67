import Crypto
import FoundationEssentials
import RostrumTesting
import Server
import Testing

/// A backup whose manifest somebody wrote, with a sum that is right.
@Suite struct BackupManifestTests {
    @Test("a number of rows that no table can have is refused", arguments: [Int64.max, Int64.min, -1, 1 << 62])
    func rows(number: Int64) async throws {
        try await BackedUpInstallation.with { installation in
            try await installation.backup("b")
            // Only a restore counts the rows.
            try Self.setPosts(6, in: installation)
            _ = try Restore.verify(installation.file("b"))
            try Self.setPosts(number, in: installation)

            let error = #expect(throws: StartError.self) { try Restore.verify(installation.file("b")) }

            #expect(error?.description.contains("its manifest is not") == true)
        }
    }

    /// Puts another number of broadcasts into the manifest.
    private static func setPosts(_ number: Int64, in installation: BackedUpInstallation) throws {
        try installation.change("b") { bytes in
            let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
            let parts = String(decoding: lines[1], as: UTF8.self).split(separator: "\"broadcasts\":")
            let manifest = Data("\(parts[0])\"broadcasts\":\(number)\(parts[1].drop(while: \.isNumber))".utf8)
            let digest = SHA256.hash(data: manifest).map { byte in
                (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
            let newline = Data("\n".utf8)
            bytes =
                lines[0] + newline + manifest + newline + Data(digest.joined().utf8) + newline + lines[3]
        }
    }
}
