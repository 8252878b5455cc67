import ArgumentParser
import Chat
import ChatProtocol
import FoundationEssentials
import Server
import WebhookDelivery

/// Where an installation's data is.
struct StoragePlace: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The directory that holds the installation's data (default: ROSTRUM_DATA_DIR).",
            valueName: "DIR"
        )
    )
    var dataDir: String?

    @Option(
        help: ArgumentHelp(
            """
            The PostgreSQL database of a cluster; better in ROSTRUM_DATABASE, where no list of processes shows the \
            password.
            """,
            valueName: "URL"
        )
    )
    var database: String?

    /// Whether an installation is named, here or in the environment.
    var isGiven: Bool { named.directory != nil || named.database != nil }

    /// Whether an installation may be where one is named, as far as can be told without opening it.
    var mayBeThere: Bool {
        guard case (let directory?, nil) = named else { return isGiven }
        return DataDirectory.mayHoldInstallation(directory)
    }

    /// What is named: here or, where nothing is, in the environment.
    private var named: (directory: String?, database: String?) {
        guard dataDir == nil, database == nil else { return (dataDir, database) }
        return (environment("ROSTRUM_DATA_DIR"), environment("ROSTRUM_DATABASE"))
    }

    /// - Parameter makeIfMissing: whether a directory is made that is not there.
    func location(makeIfMissing: Bool = false) throws -> StorageLocation {
        switch named {
        case (let directory?, nil): return .directory(try DataDirectory(directory, makeIfMissing: makeIfMissing))
        case (nil, let database?): return .server(database)
        case (nil, nil): throw StartError("give --data-dir or --database, or set ROSTRUM_DATA_DIR or ROSTRUM_DATABASE")
        case (_?, _?):
            throw StartError(
                dataDir == nil
                    ? "ROSTRUM_DATA_DIR and ROSTRUM_DATABASE are both set; give --data-dir or --database"
                    : "give --data-dir or --database, not both"
            )
        }
    }
}

/// Where the installation is that a command works on.
struct StorageOptions: ParsableArguments {
    @OptionGroup var place: StoragePlace

    @Option(help: ArgumentHelp("The key that secrets are stored under (default: DIR/master.key).", valueName: "FILE"))
    var masterKeyFile: String?

    /// Whether an installation is named, here or in the environment.
    var areGiven: Bool { place.isGiven }

    /// Whether one is named here.
    var areNamed: Bool { place.dataDir != nil || place.database != nil || masterKeyFile != nil }

    var masterKey: MasterKeySource { MasterKeySource(file: masterKeyFile) }

    /// Opens the installation, runs `body` and closes it.
    ///
    /// - Parameters:
    ///   - makeIfMissing: whether one is made where there is none.
    ///   - webhookPolicy: which addresses webhooks of this process may reach.
    func withInstallation<Value>(
        makeIfMissing: Bool = false,
        webhookPolicy: AddressPolicy = AddressPolicy(),
        _ body: (Systems) async throws -> Value
    ) async throws -> Value {
        let storage = try await open(makeIfMissing: makeIfMissing)
        return try await use(storage, webhookPolicy, body)
    }

    /// Opens the storage alone, runs `body` and closes it.
    ///
    /// - Parameter makeIfMissing: whether one is made where there is none.
    func withStorage<Value>(
        makeIfMissing: Bool = false,
        _ body: (OpenStorage) async throws -> Value
    ) async throws -> Value {
        let storage = try await open(makeIfMissing: makeIfMissing)
        do {
            let value = try await body(storage)
            await storage.close()
            return value
        } catch {
            await storage.close()
            throw error
        }
    }

    private func open(makeIfMissing: Bool) async throws -> OpenStorage {
        let (location, schema) = try location(makeIfMissing: makeIfMissing)
        return try await OpenStorage.open(location, masterKey: masterKey, observer: .ofCommand, schema: schema)
    }

    private func location(makeIfMissing: Bool) throws -> (StorageLocation, OpenStorage.SchemaPolicy) {
        let location = try place.location(makeIfMissing: makeIfMissing)
        guard case .directory(let directory) = location else {
            return (location, makeIfMissing ? .makeIfMissing : .demand)
        }
        guard makeIfMissing || location.mayHoldInstallation else {
            throw StartError(
                "there is no installation in \(directory.path); `rostrum app create` or `rostrum serve` makes one"
            )
        }
        // Beside a server, its schema is the one that counts.
        return (location, directory.isInUse ? .demand : .migrate)
    }
}

/// What an environment variable holds; nil when that is nothing.
func environment(_ name: String) -> String? {
    ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
}

extension MasterKeySource {
    /// The file that a flag names, else what the environment has.
    init(file: String?) {
        if let file {
            self = .file(file)
        } else if let text = environment("ROSTRUM_MASTER_KEY") {
            self = .text(text)
        } else {
            self = environment("ROSTRUM_MASTER_KEY_FILE").map(MasterKeySource.file) ?? .dataDirectory
        }
    }
}

private func use<Value>(
    _ storage: OpenStorage,
    _ webhookPolicy: AddressPolicy,
    _ body: (Systems) async throws -> Value
) async throws -> Value {
    // The emulator's clock is the machine's where there is no emulator.
    let installation = Installation(
        storage,
        clock: try await storage.emulatorClock(),
        webhookPolicy: webhookPolicy
    )
    do {
        let value = try await body(installation.systems)
        await installation.close()
        return value
    } catch let error as ChatError {
        await installation.close()
        throw StartError(error)
    } catch {
        await installation.close()
        throw error
    }
}

extension Systems {
    /// A change made by whoever typed the command.
    func operation() -> Chat.Operation { .byWhoeverTyped(at: clock.now, random) }
}

extension Chat.Operation {
    /// A change made by whoever typed the command.
    static func byWhoeverTyped(at time: Timestamp, _ random: any RandomSource) -> Chat.Operation {
        let user = ProcessInfo.processInfo.environment["USER"] ?? "unknown"
        return Operation(performer: "cli:\(user)", time: time, random: random)
    }
}

extension StorageLocation.Observer {
    /// Tells whoever runs a command of what nobody will be told again.
    static var ofCommand: StorageLocation.Observer {
        var observer = StorageLocation.Observer()
        observer.onTornLog = printWarning
        return observer
    }
}
