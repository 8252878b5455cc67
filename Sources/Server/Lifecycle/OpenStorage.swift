import Chat
import ChatProtocol
package import Database
package import Emulator

/// An installation's storage, opened: its schema is up to date and its master key the right one.
package struct OpenStorage: Sendable {
    package let database: any Database
    let secrets: SecretBox
    let generation: StorageGeneration
    let random: any RandomSource

    /// How long a start waits while another node changes the schema.
    package static let migrationPatience = Duration.seconds(15 * 60)

    /// What is done about the schema.
    package enum SchemaPolicy: Sendable {
        /// It is brought up to date.
        case migrate
        /// It is made where there is none, and otherwise has to be up to date: a server may run on the storage.
        case makeIfMissing
        /// It has to be up to date.
        case demand
    }

    /// Opens the storage, making it if it is new and the policy allows that.
    ///
    /// - Parameters:
    ///   - masterKey: where the key comes from that secrets are stored under.
    ///   - observer: told what happens in the engine.
    ///   - look: called before anything is changed; what it throws leaves the storage as it is.
    /// - Throws: ``StartError`` that says what to look at, ``SettingError`` when the master key cannot be used that a
    ///   setting names, or what `look` throws.
    package static func open(
        _ location: StorageLocation,
        masterKey: MasterKeySource = .dataDirectory,
        observer: StorageLocation.Observer = StorageLocation.Observer(),
        before look: (any Database) async throws -> Void = { _ in },
        schema: SchemaPolicy = .migrate
    ) async throws -> OpenStorage {
        let random = SystemRandomSource()
        do {
            let database = try location.open(observer)
            do {
                try await look(database)
                let isMade = try await database.newestMigration() != nil
                if schema == .migrate || (schema == .makeIfMissing && !isMade) {
                    try await database.migrate(Schema.migrations, waiting: migrationPatience) { busy in
                        observer.onWarning(
                            "another node or command works on the whole storage; waiting for it: \(busy)"
                        )
                    }
                } else {
                    try await database.demandSchema(Schema.migrations)
                }
                let (isNew, move) = try await database.read { tx throws(ChatError) in
                    (try StorageProperty.masterKeyCheck.value(in: tx) == nil, try MoveRecord.find(in: tx))
                }
                if let move, !move.isFinished {
                    throw StartError(
                        """
                        an installation is being moved to this storage, and not all of it is there; let \
                        `rostrum migrate-storage` end, or run it again
                        """
                    )
                }
                let keys = try keys(masterKey, location, makeIfMissing: isNew, random)
                let secrets = SecretBox(keys) { masterKey.file(of: location).flatMap(MasterKeys.read) }
                try await secrets.verify(against: database)
                let generation = try await StorageGeneration.find(in: database, random: random)
                return OpenStorage(database: database, secrets: secrets, generation: generation, random: random)
            } catch {
                await database.close()
                throw error
            }
        } catch let error as ChatError {
            throw StartError(error)
        }
    }

    package func close() async { await database.close() }

    /// Makes sure that a server would not refuse the storage for its schema or for the master key; changes nothing.
    ///
    /// - Throws: what ``open(_:masterKey:observer:before:schema:)`` would.
    static func demandOpenable(
        _ database: any Database,
        _ location: StorageLocation,
        _ masterKey: MasterKeySource
    ) async throws {
        do {
            guard let newest = try await database.newestMigration(), newest > 0 else { return }
            do throws(ChatError) {
                try await database.demandSchema(Schema.migrations)
            } catch {
                guard (error.cause as? DatabaseError)?.kind == .older else { throw error }
            }
            let isSealed = try await database.read { tx throws(ChatError) in
                try StorageProperty.masterKeyCheck.value(in: tx) != nil
            }
            guard isSealed else { return }
            let keys = try keys(masterKey, location, makeIfMissing: false, SystemRandomSource())
            try await SecretBox(keys).verify(against: database)
        } catch let error as ChatError {
            throw StartError(error)
        }
    }

    /// The emulator's clock, which may be ahead of the machine's.
    package func emulatorClock() async throws(StartError) -> EmulatorClock {
        do throws(ChatError) {
            return try await EmulatorClock(database: database)
        } catch {
            throw StartError(error)
        }
    }

    private static func keys(
        _ source: MasterKeySource,
        _ location: StorageLocation,
        makeIfMissing: Bool,
        _ random: any RandomSource
    ) throws -> MasterKeys {
        do throws(MasterKey.Unusable) {
            switch (source, location) {
            case (.text(let text), _): return try MasterKeys(hexadecimal: text, from: "ROSTRUM_MASTER_KEY")
            case (.dataDirectory, .directory(let directory)):
                return try MasterKeys(file: directory.masterKey, makeIfMissing: makeIfMissing, random: random)
            case (.file(let path), .directory):
                return try MasterKeys(file: path, makeIfMissing: makeIfMissing, random: random)
            // Not made here: each node would make one of its own.
            case (.file(let path), .server): return try MasterKeys(file: path, makeIfMissing: false, random: random)
            case (.dataDirectory, .server): break
            }
        } catch {
            switch source {
            case .dataDirectory: throw StartError("\(error)")
            case .file:
                let allowed = "must be a file that holds 64 hexadecimal digits and that its owner alone can read"
                throw SettingError("master-key-file", "\(allowed); \(error)")
            case .text: throw SettingError("master-key", "must be 64 hexadecimal digits; \(error)")
            }
        }
        throw SettingError(
            "master-key-file",
            "is missing; with a database every node needs the same key: give the same file to each of them"
        )
    }
}
