package import Crypto
import FoundationEssentials

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The key under which an installation's secrets are stored: 32 random bytes, 64 hexadecimal digits in its file.
///
/// Whoever has the database without this key has no secret of it; whoever loses the key loses the secrets.
package struct MasterKey: Sendable {
    /// Why there is no master key, in an operator's words.
    package struct Unusable: Error, CustomStringConvertible {
        package let description: String
    }

    package let symmetricKey: SymmetricKey

    /// - Throws: ``Unusable`` unless the text is 64 hexadecimal digits, white space apart.
    package init(hexadecimal text: String, from origin: String) throws(Unusable) {
        let digits = String(decoding: text.utf8.filter { !($0 == 0x20 || (0x09...0x0D).contains($0)) }, as: UTF8.self)
        guard let bytes = [UInt8](hexadecimal: digits), bytes.count == 32 else {
            throw Unusable(description: "the master key in \(origin) is not 64 hexadecimal digits")
        }
        symmetricKey = SymmetricKey(data: bytes)
    }

    /// Reads the key file, or makes one with mode 0600 when there is none and it may be made.
    ///
    /// Safe when several processes start at once: the file appears whole or not at all, and once.
    package init(file path: String, makeIfMissing: Bool = true, random: any RandomSource) throws(Unusable) {
        if access(path, F_OK) != 0 {
            guard makeIfMissing else {
                throw Unusable(description: "there is no master key \(path), and this storage was made with one")
            }
            try Self.make(path, random)
        }
        var status = stat()
        guard stat(path, &status) == 0, let contents = FileManager.default.contents(atPath: path) else {
            throw Unusable(description: "cannot read the master key \(path): \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & 0o077 == 0 else {
            throw Unusable(description: "the master key \(path) can be read by others; run: chmod 600 \(path)")
        }
        try self.init(hexadecimal: String(decoding: contents, as: UTF8.self), from: path)
    }

    /// Makes the file's name as durable as its contents.
    private static func sync(directoryOf path: String) {
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let file = open(directory, O_RDONLY)
        guard file >= 0 else { return }
        fsync(file)
        close(file)
    }

    private static func make(_ path: String, _ random: any RandomSource) throws(Unusable) {
        let draft = "\(path).\(random.hex(bytes: 8))"
        let file = open(draft, O_WRONLY | O_CREAT | O_EXCL, 0o600)
        guard file >= 0 else {
            throw Unusable(description: "cannot make the master key \(path): \(String(cString: strerror(errno)))")
        }
        let text = Array((random.hex(bytes: 32) + "\n").utf8)
        let isWritten = write(file, text, text.count) == text.count && fsync(file) == 0
        close(file)
        // A link fails where the file already is: another process was first, and its key counts.
        let isLinked = isWritten && (link(draft, path) == 0 || errno == EEXIST)
        let failure = errno
        unlink(draft)
        Self.sync(directoryOf: path)
        guard isLinked else {
            throw Unusable(description: "cannot make the master key \(path): \(String(cString: strerror(failure)))")
        }
    }
}
