package import Chat
import ChatProtocol
package import Database
package import DatabaseSQLite
import Emulator
package import EventBus
import FoundationEssentials
import Metrics

/// An installation's storage and the systems of the domain over it: what the server and the command line share.
package struct Installation: Sendable {
    package let database: any Database
    package let bus: any EventBus
    package let clock: any WallClock
    package let random: any RandomSource
    package let applications: Applications
    package let accounts: Accounts
    package let channels: OfficialChannels

    /// Which clock an installation goes by.
    package enum ClockChoice: Sendable {
        /// The machine's.
        case system
        /// The emulator's, which may be ahead of the machine's; a production installation's never is.
        case emulator
    }

    /// Opens the storage, brings its schema up to date and checks the master key.
    ///
    /// - Parameters:
    ///   - overrides: limits above every plan.
    ///   - storage: settings of the engine.
    /// - Throws: ``StartError`` that says what to look at.
    package static func open(
        _ directory: DataDirectory,
        masterKey: MasterKeySource = .dataDirectory,
        clock choice: ClockChoice,
        overrides: [Limits.Name: Int64] = [:],
        storage: SQLiteDatabase.Configuration = SQLiteDatabase.Configuration()
    ) async throws(StartError) -> Installation {
        let random = SystemRandomSource()
        do throws(ChatError) {
            let database = try SQLiteDatabase(path: directory.database, configuration: storage)
            do throws(ChatError) {
                try await database.migrate(Schema.migrations)
                let secrets = SecretBox(try Self.masterKey(masterKey, directory, random))
                try await secrets.verify(against: database)
                let clock: any WallClock =
                    switch choice {
                    case .system: SystemClock()
                    case .emulator: try await EmulatorClock(database: database)
                    }
                return Installation(database, clock, random, secrets, overrides)
            } catch {
                await database.close()
                throw error
            }
        } catch {
            throw StartError(error.cause.map { "\($0)" } ?? error.info)
        }
    }

    private init(
        _ database: any Database,
        _ clock: any WallClock,
        _ random: any RandomSource,
        _ secrets: SecretBox,
        _ overrides: [Limits.Name: Int64]
    ) {
        (self.database, self.clock, self.random) = (database, clock, random)
        bus = InProcessEventBus()
        applications = Applications(
            database: database,
            bus: bus,
            clock: clock,
            secrets: secrets,
            overrides: overrides
        )
        accounts = Accounts(database: database, bus: bus)
        channels = OfficialChannels(database: database, random: random)
    }

    package func close() async {
        await database.close()
    }

    private static func masterKey(
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
