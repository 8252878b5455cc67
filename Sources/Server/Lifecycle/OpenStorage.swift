import Chat
import ChatProtocol
package import Database
package import DatabaseSQLite
package import Emulator

/// An installation's storage, opened: its schema is up to date and its master key the right one.
package struct OpenStorage: Sendable {
    package let database: any Database
    let secrets: SecretBox
    let random: any RandomSource

    /// Opens the storage in a data directory, making it if it is new.
    ///
    /// - Parameter engine: settings of the engine.
    /// - Throws: ``StartError`` that says what to look at.
    package static func open(
        _ directory: DataDirectory,
        masterKey: MasterKeySource = .dataDirectory,
        engine: SQLiteDatabase.Configuration = SQLiteDatabase.Configuration()
    ) async throws(StartError) -> OpenStorage {
        let random = SystemRandomSource()
        do throws(ChatError) {
            let database = try SQLiteDatabase(path: directory.database, configuration: engine)
            do throws(ChatError) {
                try await database.migrate(Schema.migrations)
                let secrets = SecretBox(try key(masterKey, directory, random))
                try await secrets.verify(against: database)
                return OpenStorage(database: database, secrets: secrets, random: random)
            } catch {
                await database.close()
                throw error
            }
        } catch {
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
        _ random: any RandomSource
    ) throws(ChatError) -> MasterKey {
        do throws(MasterKey.Unusable) {
            return switch source {
            case .dataDirectory: try MasterKey(file: directory.masterKey, random: random)
            case .file(let path): try MasterKey(file: path, random: random)
            case .text(let text): try MasterKey(hexadecimal: text, from: "ROSTRUM_MASTER_KEY")
            }
        } catch {
            throw .internalFault(error)
        }
    }
}
