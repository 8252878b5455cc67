package import Crypto
import FoundationEssentials

/// A key under which an installation's secrets are stored: 32 random bytes, 64 hexadecimal digits in its file.
///
/// Whoever has the database without this key has no secret of it; whoever loses the key loses the secrets.
package struct MasterKey: Sendable, Equatable {
    /// Why there is no master key, in an operator's words.
    package struct Unusable: Error, CustomStringConvertible {
        package let description: String
    }

    package let symmetricKey: SymmetricKey

    /// - Throws: ``Unusable`` unless the text is 64 hexadecimal digits, white space apart.
    package init(hexadecimal text: String, from origin: String) throws(Unusable) {
        let keys = try MasterKeys(hexadecimal: text, from: origin)
        guard keys.older == nil else { throw .notHexadecimal(origin) }
        self = keys.newest
    }

    fileprivate init(bytes: some Collection<UInt8>) {
        symmetricKey = SymmetricKey(data: Array(bytes))
    }

    /// As it stands in a file.
    var text: String { symmetricKey.withUnsafeBytes { hexadecimal($0) } }
}

/// The master keys that a process is given: one, or two while the key is being changed, the new one first.
package struct MasterKeys: Sendable {
    package let newest: MasterKey
    /// What secrets may be sealed under that are not sealed anew yet.
    package let older: MasterKey?

    /// - Throws: ``MasterKey/Unusable`` unless the text is 64 hexadecimal digits or twice as many, white space apart.
    package init(hexadecimal text: String, from origin: String) throws(MasterKey.Unusable) {
        let digits = String(decoding: text.utf8.filter { !($0 == 0x20 || (0x09...0x0D).contains($0)) }, as: UTF8.self)
        guard let bytes = [UInt8](hexadecimal: digits), bytes.count == 32 || bytes.count == 64 else {
            throw .notHexadecimal(origin)
        }
        newest = MasterKey(bytes: bytes.prefix(32))
        let rest = bytes.count == 64 ? MasterKey(bytes: bytes.suffix(32)) : nil
        older = rest == newest ? nil : rest
    }

    /// - Parameter older: nil when there is only one.
    package init(_ newest: MasterKey, older: MasterKey? = nil) {
        (self.newest, self.older) = (newest, older)
    }

    var all: [MasterKey] { [newest] + (older.map { [$0] } ?? []) }
}

extension MasterKey.Unusable {
    fileprivate static func notHexadecimal(_ origin: String) -> Self {
        Self(description: "the master key in \(origin) is not 64 hexadecimal digits")
    }
}
