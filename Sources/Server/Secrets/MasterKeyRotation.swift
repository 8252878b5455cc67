package import Chat
import ChatProtocol

/// Gives an installation another master key: the new key goes into the file, everything is sealed under it, and the old
/// one goes.
///
/// Whoever is killed at any point leaves a file with both keys, or with the one that everything is sealed under; running it
/// again does the rest. Servers read the file again when they meet a secret that does not open.
package struct MasterKeyRotation {
    private let storage: OpenStorage
    private let source: MasterKeySource
    private let location: StorageLocation

    /// - Parameter storage: opened under the keys of `source`.
    package init(_ storage: OpenStorage, _ source: MasterKeySource, of location: StorageLocation) {
        (self.storage, self.source, self.location) = (storage, source, location)
    }

    /// Puts a new key before the present one, and changes nothing else: for a cluster, whose nodes have to know the new
    /// key before the first secret is sealed under it.
    ///
    /// - Returns: the file that has both now.
    package func prepare() throws(StartError) -> String {
        guard let path = source.file(of: location) else {
            throw StartError(
                "ROSTRUM_MASTER_KEY is not to be changed from here: put a new key before the present one, apart by a space"
            )
        }
        do throws(MasterKey.Unusable) {
            _ = try MasterKeyFile(path).prepend(storage.random)
        } catch {
            throw StartError(error.description)
        }
        return path
    }

    /// - Returns: how many secrets were sealed anew.
    package func run(by operation: Operation) async throws -> Int {
        do {
            if let path = source.file(of: location) { return try await run(path, operation) }
            guard case .text(let text) = source else { throw StartError("no master key is named") }
            let keys = try MasterKeys(hexadecimal: text, from: "ROSTRUM_MASTER_KEY")
            guard keys.older != nil else {
                throw StartError(
                    """
                    ROSTRUM_MASTER_KEY has one key alone: put a new one before it, apart by a space, start every server \
                    with that, and then run this with the same
                    """
                )
            }
            return try await change(to: keys, operation)
        } catch let error as MasterKey.Unusable {
            throw StartError(error.description)
        } catch let error as ChatError {
            throw StartError(error)
        }
    }

    private func run(_ path: String, _ operation: Operation) async throws -> Int {
        let file = try MasterKeyFile(path)
        var keys = try file.read()
        if keys.older == nil {
            guard case .directory = location else {
                throw StartError(
                    """
                    \(path) has one key alone, and every node has to know the new one before it is used: run \
                    `rostrum master-key prepare`, give the file to every node, and then run this
                    """
                )
            }
            keys = try file.prepend(storage.random)
        }
        let count = try await change(to: keys, operation)
        try file.dropOlder()
        return count
    }

    private func change(to keys: MasterKeys, _ operation: Operation) async throws(ChatError) -> Int {
        try await MasterKeyChange(keys, database: storage.database).run(by: operation)
    }
}

extension MasterKeySource {
    /// The file that holds the keys; nil when none does.
    package func file(of location: StorageLocation) -> String? {
        switch (self, location) {
        case (.file(let path), _): path
        case (.dataDirectory, .directory(let directory)): directory.masterKey
        case (.dataDirectory, .server), (.text, _): nil
        }
    }
}

extension MasterKeys {
    /// What a file holds; nil when it cannot be read as it should be.
    static func read(_ path: String) -> MasterKeys? {
        try? MasterKeys(file: path, makeIfMissing: false, random: SystemRandomSource())
    }
}
