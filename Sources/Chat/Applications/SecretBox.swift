package import ChatProtocol
import Crypto
package import Database
import FoundationEssentials

/// Seals the secrets that are stored: AES-256-GCM under the master key, bound to the place that they are stored in.
///
/// A sealed text is one version byte, the 12-byte nonce, the ciphertext and the 16-byte tag. Because the place is
/// authenticated, a sealed secret that is copied to another application or column does not open.
///
/// Source: design section 6.
package struct SecretBox: Sendable {
    private static let version: UInt8 = 1

    private let key: MasterKey

    package init(_ key: MasterKey) {
        self.key = key
    }

    /// - Parameter place: where the result will be stored, such as `application_keys/88888888`.
    package func seal(_ secret: String, for place: String) throws(ChatError) -> [UInt8] {
        do {
            let box = try AES.GCM.seal(Array(secret.utf8), using: key.symmetricKey, authenticating: Array(place.utf8))
            return [Self.version] + (box.combined.map { [UInt8]($0) } ?? [])
        } catch {
            throw .internalFault(error)
        }
    }

    /// - Throws: an internal fault when the text was sealed under another master key or for another place.
    package func open(_ sealed: [UInt8], for place: String) throws(ChatError) -> String {
        do {
            guard sealed.first == Self.version else { throw CryptoKitError.authenticationFailure }
            let box = try AES.GCM.SealedBox(combined: sealed.dropFirst())
            let secret = try AES.GCM.open(box, using: key.symmetricKey, authenticating: Array(place.utf8))
            return String(decoding: secret, as: UTF8.self)
        } catch {
            throw .internalFault(DatabaseError(.corrupt, "the secret of \(place) does not open under this master key"))
        }
    }

    /// Makes sure that this is the master key that the storage's secrets were sealed under.
    ///
    /// The first call for a new storage remembers the key; every later one compares.
    ///
    /// - Throws: an internal fault that says so when it is another key.
    package func verify(against database: any Database) async throws(ChatError) {
        let place = StorageProperty.masterKeyCheck.rawValue
        let remembered = try await database.read { tx throws(ChatError) in
            try StorageProperty.masterKeyCheck.value(in: tx)
        }
        if let remembered {
            guard let sealed = [UInt8](hexadecimal: remembered), (try? open(sealed, for: place)) == place else {
                throw .internalFault(
                    DatabaseError(
                        .unavailable,
                        """
                        the master key does not fit this storage: its secrets were sealed under another key; \
                        give the file that was made with it (--master-key-file)
                        """
                    )
                )
            }
        } else {
            let sealed = hexadecimal(try seal(place, for: place))
            let raced = try await database.write { tx throws(ChatError) in
                guard try StorageProperty.masterKeyCheck.value(in: tx) == nil else { return true }
                try StorageProperty.masterKeyCheck.set(sealed, in: tx)
                return false
            }
            if raced { try await verify(against: database) }
        }
    }
}
