import ArgumentParser
import Server

struct MigrateStorageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate-storage",
        abstract: "Move a one-machine installation to PostgreSQL.",
        discussion: """
            Stop the server first. The target must be empty, or the target of a move of the same installation that was \
            stopped: run the command again, and it goes on where it was. At the end every table is compared by count \
            and checksum.
            """
    )

    @Option(help: ArgumentHelp("The installation's directory.", valueName: "sqlite:DIR"))
    var from: SQLiteSource

    @Option(
        help: ArgumentHelp(
            """
            The PostgreSQL database, postgres://USER@HOST/NAME; better in ROSTRUM_DATABASE, where no list of processes \
            shows the password.
            """,
            valueName: "URL"
        )
    )
    var to: String?

    @Option(help: ArgumentHelp("The key that secrets are stored under (default: DIR/master.key).", valueName: "FILE"))
    var masterKeyFile: String?

    func validate() throws {
        if let to, !to.hasPrefix("postgres://"), !to.hasPrefix("postgresql://") {
            throw ValidationError("--to must be postgres://USER@HOST/NAME")
        }
    }

    func run() async throws {
        guard let target = to ?? environment("ROSTRUM_DATABASE") else { throw StartError("give --to") }
        let directory = try DataDirectory(from.directory, makeIfMissing: false)
        let masterKey = MasterKeySource(file: masterKeyFile)
        let display = MoveDisplay()
        let summary: MoveSummary
        do {
            summary = try await StorageMove.run(
                from: directory,
                masterKey: masterKey,
                to: target,
                observer: .ofCommand
            ) { report in
                display.show(report)
            }
        } catch {
            display.end()
            throw error
        }
        display.end()
        printLine("moved \(summary.rows) rows of \(summary.tables) tables; counts and checksums are the same")
        printLine("")
        printLine("What is next:")
        printLine("1. Give every node \(Self.words(masterKey, directory)), and the database in ROSTRUM_DATABASE.")
        printLine("2. Start the nodes: rostrum serve --bus nats://HOST:4222")
        printLine("3. Do not serve \(directory.path) again: what it is given now is not in the database.")
    }

    /// The master key that the target's secrets are under, as an operator finds it.
    private static func words(_ key: MasterKeySource, _ directory: DataDirectory) -> String {
        switch key {
        case .dataDirectory: "the master key \(directory.masterKey), by --master-key-file"
        case .file(let path): "the master key \(path), by --master-key-file"
        case .text: "the same ROSTRUM_MASTER_KEY"
        }
    }
}

/// `sqlite:DIR`: the directory of an installation.
struct SQLiteSource: ExpressibleByArgument {
    let directory: String

    init?(argument: String) {
        let prefix = "sqlite:"
        guard argument.hasPrefix(prefix), argument.count > prefix.count else { return nil }
        directory = String(argument.dropFirst(prefix.count))
    }
}
