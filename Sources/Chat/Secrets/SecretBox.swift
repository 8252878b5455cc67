package import ChatProtocol
import Crypto
package import Database
import FoundationEssentials

/// Seals the secrets that are stored: AES-256-GCM under the master key, bound to the place that they are stored in.
///
/// A sealed text is one version byte, the 12-byte nonce, the ciphertext and the 16-byte tag. Because the place is
/// authenticated, a sealed secret that is copied to another application or column does not open.
///
/// While the key is being changed (``MasterKeyChange``) secrets of one storage are sealed under two keys, and are opened
/// under either. Which of them seals is the storage's to say, in the transaction that stores the secret.
///
/// Source: design section 6.
package struct SecretBox: Sendable {
    private static let version: UInt8 = 1

    private let ring: KeyRing

    package init(_ key: MasterKey) {
        self.init(MasterKeys(key))
    }

    /// - Parameter reread: what the keys' source holds by now, asked when a secret does not open under those known.
    package init(_ keys: MasterKeys, reread: @escaping @Sendable () -> MasterKeys? = { nil }) {
        ring = KeyRing(keys, reread: reread)
    }

    // MARK: - Secrets

    /// - Parameter place: where the result will be stored, such as `application_keys/88888888`.
    package func seal(
        _ secret: String,
        for place: String,
        in tx: any Transaction
    ) throws(ChatError) -> [UInt8] {
        guard let check = try StorageProperty.masterKeyCheck.value(in: tx) else { return try seal(secret, for: place) }
        guard let key = key(of: check) else { throw Self.otherKey }
        return try Self.seal(secret, for: place, under: key)
    }

    /// Seals under the newest key, whatever the storage is under.
    package func seal(_ secret: String, for place: String) throws(ChatError) -> [UInt8] {
        try Self.seal(secret, for: place, under: ring.keys[0])
    }

    /// - Throws: an internal fault when the text was sealed under another master key or for another place.
    package func open(_ sealed: [UInt8], for place: String) throws(ChatError) -> String {
        guard let secret = ring.first({ Self.open(sealed, for: place, under: $0) }) else {
            throw .internalFault(DatabaseError(.corrupt, "the secret of \(place) does not open under this master key"))
        }
        return secret
    }

    /// A secret sealed anew; nil when it is sealed under that key already.
    func renew(_ sealed: [UInt8], for place: String, under key: MasterKey) throws(ChatError) -> [UInt8]? {
        guard Self.open(sealed, for: place, under: key) == nil else { return nil }
        return try Self.seal(try open(sealed, for: place), for: place, under: key)
    }

    private static func seal(
        _ secret: String,
        for place: String,
        under key: MasterKey
    ) throws(ChatError) -> [UInt8] {
        do {
            let box = try AES.GCM.seal(Array(secret.utf8), using: key.symmetricKey, authenticating: Array(place.utf8))
            return [Self.version] + (box.combined.map { [UInt8]($0) } ?? [])
        } catch {
            throw .internalFault(error)
        }
    }

    private static func open(_ sealed: [UInt8], for place: String, under key: MasterKey) -> String? {
        guard sealed.first == version, let box = try? AES.GCM.SealedBox(combined: sealed.dropFirst()),
            let secret = try? AES.GCM.open(box, using: key.symmetricKey, authenticating: Array(place.utf8))
        else { return nil }
        return String(decoding: secret, as: UTF8.self)
    }

    // MARK: - The storage's key

    /// Makes sure that one of the keys is the master key that the storage's secrets are sealed under.
    ///
    /// The first call for a new storage remembers the newest key; every later one compares.
    ///
    /// - Throws: an internal fault that says so when it is another key.
    package func verify(against database: any Database) async throws(ChatError) {
        let remembered = try await database.read { tx throws(ChatError) in
            try StorageProperty.masterKeyCheck.value(in: tx)
        }
        if let remembered {
            guard key(of: remembered) != nil else { throw Self.otherKey }
        } else {
            let sealed = try Self.check(of: ring.keys[0])
            let raced = try await database.write { tx throws(ChatError) in
                guard try StorageProperty.masterKeyCheck.value(in: tx) == nil else { return true }
                try StorageProperty.masterKeyCheck.set(sealed, in: tx)
                return false
            }
            if raced { try await verify(against: database) }
        }
    }

    /// Has the storage's secrets sealed under that key from this transaction on.
    ///
    /// - Returns: whether they were sealed under another before.
    /// - Throws: an internal fault when they are sealed under none of the keys that are known.
    func use(_ key: MasterKey, in tx: any Transaction) throws(ChatError) -> Bool {
        guard try storageKey(in: tx) != key else { return false }
        try StorageProperty.masterKeyCheck.set(try Self.check(of: key), in: tx)
        return true
    }

    /// The key that the storage's secrets are sealed under; nil when there is none yet.
    ///
    /// - Throws: an internal fault when it is none of those that are known.
    func storageKey(in tx: any Transaction) throws(ChatError) -> MasterKey? {
        guard let check = try StorageProperty.masterKeyCheck.value(in: tx) else { return nil }
        guard let present = key(of: check) else { throw Self.otherKey }
        return present
    }

    /// Whether the text was sealed for the place, under a key that is known.
    func opens(_ sealed: [UInt8], for place: String) -> Bool {
        ring.first { Self.open(sealed, for: place, under: $0) } != nil
    }

    /// What the storage remembers of a key, which does not tell it.
    private static func check(of key: MasterKey) throws(ChatError) -> String {
        let place = StorageProperty.masterKeyCheck.rawValue
        return hexadecimal(try seal(place, for: place, under: key))
    }

    private func key(of check: String) -> MasterKey? {
        let place = StorageProperty.masterKeyCheck.rawValue
        guard let sealed = [UInt8](hexadecimal: check) else { return nil }
        return ring.first { Self.open(sealed, for: place, under: $0) == place ? $0 : nil }
    }

    private static var otherKey: ChatError {
        .internalFault(
            DatabaseError(
                .unavailable,
                """
                the master key does not fit this storage: its secrets were sealed under another key; \
                give the file that was made with it (--master-key-file)
                """
            )
        )
    }
}
