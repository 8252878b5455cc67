package import Chat
import ChatProtocol

/// Gives an installation another master key: the new key goes into the file, everything is sealed under it, and the old
/// one goes.
///
/// Whoever is killed at any point leaves a file with both keys, and running it again does the rest; or with one key, which
/// everything is sealed under: then the change has ended, or not begun, and running it again begins another. Servers read
/// the file again when they meet a secret that does not open.
package struct MasterKeyRotation {
    /// What was done.
    package struct Result {
        /// How many secrets were sealed anew.
        package let count: Int
        /// Whether the storage was under the first key already.
        package let wasUnderFirst: Bool
        /// The file that the old key was left in; nil when no file had it.
        package let kept: String?

        /// Whether every secret was under the first key already.
        package var changedNothing: Bool { count == 0 && wasUnderFirst }
    }

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
    package func prepare() async throws(StartError) -> String {
        guard let path = source.file(of: location) else {
            throw StartError(
                "ROSTRUM_MASTER_KEY is not to be changed from here: put a new key before the present one, apart by a space"
            )
        }
        do {
            let file = try MasterKeyFile(path)
            try await change(to: file.read()).examine()
            _ = try file.prepend(storage.random)
        } catch let error as MasterKey.Unusable {
            throw StartError(error.description)
        } catch let error as ChatError {
            throw StartError(error)
        } catch {
            throw StartError("\(error)")
        }
        return path
    }

    package func run(by operation: Operation) async throws -> Result {
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
            let done = try await change(to: keys).run(by: operation)
            return Result(count: done.count, wasUnderFirst: done.wasUnderNewest, kept: nil)
        } catch let error as MasterKey.Unusable {
            throw StartError(error.description)
        } catch let error as ChatError {
            throw StartError(error)
        }
    }

    private func run(_ path: String, _ operation: Operation) async throws -> Result {
        let file = try MasterKeyFile(path)
        var keys = try file.read()
        if keys.older == nil {
            guard case .directory = location else {
                throw StartError(
                    """
                    \(path) has one key alone: no change is under way. One that was has ended, and the old key is in \
                    \(path).before-TIME. To begin one every node has to know the new key before it is used: run \
                    `rostrum master-key prepare`, give the file to every node, and then run this
                    """
                )
            }
            // Under the present key alone: with a third one what was lost would be further away.
            try await change(to: keys).examine()
            keys = try file.prepend(storage.random)
        } else {
            try file.makeDurable()
        }
        let done = try await change(to: keys).run(by: operation)
        let kept = try file.dropOlder(at: operation.time)
        return Result(count: done.count, wasUnderFirst: done.wasUnderNewest, kept: kept)
    }

    private func change(to keys: MasterKeys) -> MasterKeyChange {
        MasterKeyChange(keys, database: storage.database)
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
