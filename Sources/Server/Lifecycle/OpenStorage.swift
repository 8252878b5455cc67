import Chat
import ChatProtocol
package import Database
package import DatabaseSQLite
package import Emulator

/// An installation's storage, opened: its schema is up to date and its master key the right one.
package struct OpenStorage: Sendable {
    package let database: any Database
    let secrets: SecretBox
    let generation: StorageGeneration
    let random: any RandomSource

    /// Opens the storage in a data directory, making it if it is new.
    ///
    /// - Parameters:
    ///   - engine: settings of the engine.
    ///   - look: called before anything is changed; what it throws leaves the storage as it is.
    ///   - migrates: whether the schema may be brought up to date; not beside a server that runs on the storage.
    /// - Throws: ``StartError`` that says what to look at, ``SettingError`` when the master key cannot be used that a
    ///   setting names, or what `look` throws.
    package static func open(
        _ directory: DataDirectory,
        masterKey: MasterKeySource = .dataDirectory,
        engine: SQLiteDatabase.Configuration = SQLiteDatabase.Configuration(),
        before look: (any Database) async throws -> Void = { _ in },
        migrates: Bool = true
    ) async throws -> OpenStorage {
        let random = SystemRandomSource()
        do {
            let database = try SQLiteDatabase(path: directory.database, configuration: engine)
            do {
                try await look(database)
                if migrates {
                    try await database.migrate(Schema.migrations)
                } else {
                    try await database.demandSchema(Schema.migrations)
                }
                let isNew = try await database.read { tx throws(ChatError) in
                    try StorageProperty.masterKeyCheck.value(in: tx) == nil
                }
                let secrets = SecretBox(try key(masterKey, directory, makeIfMissing: isNew, random))
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

    /// The emulator's clock, which may be ahead of the machine's.
    package func emulatorClock() async throws(StartError) -> EmulatorClock {
        do throws(ChatError) {
            return try await EmulatorClock(database: database)
        } catch {
            throw StartError(error)
        }
    }

    private static func key(
        _ source: MasterKeySource,
        _ directory: DataDirectory,
        makeIfMissing: Bool,
        _ random: any RandomSource
    ) throws -> MasterKey {
        do throws(MasterKey.Unusable) {
            return switch source {
            case .dataDirectory:
                try MasterKey(file: directory.masterKey, makeIfMissing: makeIfMissing, random: random)
            case .file(let path): try MasterKey(file: path, makeIfMissing: makeIfMissing, random: random)
            case .text(let text): try MasterKey(hexadecimal: text, from: "ROSTRUM_MASTER_KEY")
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
    }
}
