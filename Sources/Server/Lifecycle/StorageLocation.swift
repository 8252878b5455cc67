import ChatProtocol
import Database
import DatabasePostgres
import DatabaseSQLite
import FoundationEssentials

/// Where an installation's data is.
package enum StorageLocation: Sendable {
    case directory(DataDirectory)
    /// A PostgreSQL database, by a connection string of libpq.
    case server(String)

    /// What is told of the engine while it runs.
    package struct Observer: Sendable {
        /// Told after each commit how many operations it carried and how long it took.
        package var onCommit: @Sendable (_ operations: Int, _ took: Duration) -> Void = { _, _ in }
        /// Told what an operator had better know.
        package var onWarning: @Sendable (_ text: String) -> Void = { _ in }
        /// Told of a log whose end was torn: once, for whoever opens the storage next does not find it.
        package var onTornLog: @Sendable (_ text: String) -> Void = { _ in }

        package init() {}
    }

    /// Whether an installation may be there already, as far as can be told without opening it.
    package var mayHoldInstallation: Bool {
        switch self {
        case .directory(let directory): DataDirectory.mayHoldInstallation(directory.path)
        case .server: true
        }
    }

    /// Opens the engine.
    func open(_ observer: Observer) throws(ChatError) -> any Database {
        switch self {
        case .directory(let directory):
            var configuration = SQLiteDatabase.Configuration()
            configuration.onCommit = observer.onCommit
            let database = try SQLiteDatabase(path: directory.database, configuration: configuration)
            if let torn = database.tornLog { observer.onTornLog(torn) }
            if !database.hasChecksums {
                observer.onWarning(
                    "\(directory.database) was made without checksums of its pages: damage to it may go unnoticed"
                )
            }
            return database
        case .server(let text):
            var configuration = PostgresDatabase.Configuration()
            configuration.onCommit = observer.onCommit
            let database = try PostgresDatabase(try ConnectionString(text), configuration: configuration)
            if !database.server.isDurable {
                observer.onWarning("PostgreSQL runs with fsync off: what was acknowledged does not survive its machine")
            }
            if !database.server.hasChecksums {
                observer.onWarning("PostgreSQL has no checksums of its pages: damage to them may go unnoticed")
            }
            return database
        }
    }
}
