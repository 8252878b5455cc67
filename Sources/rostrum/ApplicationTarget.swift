import ArgumentParser
import Chat
import ChatProtocol
import Server
import WebhookDelivery

/// What subcommands take that work on one application.
struct ApplicationTarget: ParsableArguments {
    @Argument(help: ArgumentHelp("The application.", valueName: "SDKAPPID"))
    var id: SDKAppID

    @OptionGroup var storage: StorageOptions

    @Flag(help: "Print JSON.")
    var json = false

    /// That there is no such application.
    private var missing: StartError { StartError("there is no application \(id) in this installation") }

    /// Changes the application and prints what it is now.
    func change(
        showingSecrets: Bool = false,
        _ body: (Systems) async throws -> Application
    ) async throws {
        try await storage.withInstallation { systems in
            let changed = try await body(systems)
            try await ApplicationView(changed, systems, showingSecrets: showingSecrets).print(asJSON: json)
        }
    }

    /// Opens the installation and hands the application to `body`.
    func withApplication(
        webhookPolicy: AddressPolicy = AddressPolicy(),
        _ body: (Application, Systems) async throws -> Void
    ) async throws {
        try await storage.withInstallation(webhookPolicy: webhookPolicy) { systems in
            guard let application = try await systems.applications.find(id) else {
                throw missing
            }
            try await body(application, systems)
        }
    }
}
