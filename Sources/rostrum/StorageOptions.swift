import ArgumentParser
import Chat
import ChatProtocol
import FoundationEssentials
import Server
import WebhookDelivery

/// Where the installation is that a command works on.
struct StorageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The directory that holds the installation's data.", valueName: "DIR"))
    var dataDir: String

    @Option(help: ArgumentHelp("The key that secrets are stored under (default: DIR/master.key).", valueName: "FILE"))
    var masterKeyFile: String?

    /// Opens the installation, runs `body` and closes it.
    ///
    /// - Parameters:
    ///   - makeIfMissing: whether a directory without an installation becomes one.
    ///   - webhookPolicy: which addresses webhooks of this process may reach.
    func withInstallation<Value>(
        makeIfMissing: Bool = false,
        webhookPolicy: AddressPolicy = AddressPolicy(),
        _ body: (Systems) async throws -> Value
    ) async throws -> Value {
        try await open(
            dataDir,
            masterKeyFile,
            makeIfMissing: makeIfMissing,
            webhookPolicy: webhookPolicy,
            body
        )
    }
}

/// The same where a command can do without an installation.
struct OptionalStorageOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The directory that holds the installation's data.", valueName: "DIR"))
    var dataDir: String?

    @Option(help: ArgumentHelp("The key that secrets are stored under (default: DIR/master.key).", valueName: "FILE"))
    var masterKeyFile: String?

    func withInstallation<Value>(_ body: (Systems) async throws -> Value) async throws -> Value {
        guard let dataDir else { throw StartError("give --data-dir") }
        return try await open(dataDir, masterKeyFile, makeIfMissing: false, body)
    }
}

private func open<Value>(
    _ path: String,
    _ masterKeyFile: String?,
    makeIfMissing: Bool,
    webhookPolicy: AddressPolicy = AddressPolicy(),
    _ body: (Systems) async throws -> Value
) async throws -> Value {
    let directory = try DataDirectory(path, makeIfMissing: makeIfMissing)
    guard makeIfMissing || FileManager.default.fileExists(atPath: directory.database) else {
        throw StartError("there is no installation in \(path); `rostrum app create` or `rostrum serve` makes one")
    }
    let environmentKey = ProcessInfo.processInfo.environment["ROSTRUM_MASTER_KEY"].map(MasterKeySource.text)
    // Beside a server, its schema is the one that counts.
    let storage = try await OpenStorage.open(
        directory,
        masterKey: masterKeyFile.map(MasterKeySource.file) ?? environmentKey ?? .dataDirectory,
        migrates: !directory.isInUse
    )
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
    func operation() -> Chat.Operation {
        let user = ProcessInfo.processInfo.environment["USER"] ?? "unknown"
        return Operation(performer: "cli:\(user)", time: clock.now, random: random)
    }
}
