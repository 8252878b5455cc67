import ArgumentParser
import Chat
import ChatProtocol
import Server

struct AppCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "app",
        abstract: "Make and change applications; a running server follows within 5 s.",
        subcommands: [
            Create.self, List.self, Show.self, Set.self, AddAdmin.self, RemoveAdmin.self, RotateKey.self, Delete.self,
            Audit.self,
        ]
    )
}

extension AppCommand {
    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Make an application and print its key.")

        @Argument(
            help: ArgumentHelp("Its number; a free one is taken if it is left out.", valueName: "SDKAPPID")
        )
        var id: SDKAppID?

        @Option(help: "Its name, for people.")
        var name = ""

        @Option(help: "The key that UserSigs are made with; a random one is made if it is left out.")
        var key: String?

        @Option(name: .customLong("admin"), help: ArgumentHelp("An app admin; may be given again.", valueName: "USER"))
        var admins: [UserID] = []

        @Option(help: "Its plan.")
        var plan = Plan.enterprise

        @OptionGroup var storage: StorageOptions

        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            try await storage.withInstallation(makeIfMissing: true) { systems in
                let number = if let id { id } else { try await systems.applications.freeNumber(systems.random) }
                let new = NewApplication(
                    id: number,
                    name: name,
                    plan: plan,
                    key: key ?? NewApplication.makeKey(systems.random),
                    admins: admins.isEmpty ? [try administrator()] : admins,
                    webhookSecret: NewApplication.makeKey(systems.random)
                )
                let made = try await systems.applications.create(new, by: systems.operation())
                try await ApplicationView(made, systems, showingSecrets: true).print(asJSON: json)
            }
        }

        private func administrator() throws -> UserID {
            guard let id = UserID(rawValue: "administrator") else { throw StartError("no default admin") }
            return id
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the applications.")

        @OptionGroup var storage: StorageOptions

        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            try await storage.withInstallation { systems in
                var (views, faults): ([ApplicationView], [String]) = ([], [])
                for id in try await systems.applications.ids() {
                    do throws(ChatError) {
                        guard let application = try await systems.applications.load(id) else { continue }
                        views.append(try await ApplicationView(application, systems, showingSecrets: false))
                    } catch {
                        faults.append("application \(id) cannot be shown: \(StartError(error))")
                    }
                }
                if json { try printJSON(views) } else { for view in views { printLine(view.summary) } }
                // The others are shown all the same.
                guard faults.isEmpty else { throw StartError(faults.joined(separator: "\n")) }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show an application.")

        @OptionGroup var target: ApplicationTarget

        @Flag(help: "Show keys and secrets too.")
        var secrets = false

        func run() async throws {
            try await target.withApplication { application, systems in
                try await ApplicationView(application, systems, showingSecrets: secrets).print(asJSON: target.json)
            }
        }
    }

    struct AddAdmin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add-admin",
            abstract: "Make an account an app admin, importing it if need be."
        )

        @OptionGroup var target: ApplicationTarget

        @Argument(help: "The account.")
        var user: UserID

        func run() async throws {
            try await target.change { systems in
                try await systems.applications.addAdmin(user, to: target.id, by: systems.operation())
            }
        }
    }

    struct RemoveAdmin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove-admin",
            abstract: "Make an app admin an ordinary account."
        )

        @OptionGroup var target: ApplicationTarget

        @Argument(help: "The account.")
        var user: UserID

        func run() async throws {
            try await target.change { systems in
                try await systems.applications.removeAdmin(user, from: target.id, by: systems.operation())
            }
        }
    }

    struct RotateKey: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate-key",
            abstract: "Add a new key beside the old one, or end the rotation.",
            discussion: """
                Both keys are accepted until --finish drops the old one, so that callers can change over without a \
                break. An application has at most two keys: rotating again drops the oldest.
                """
        )

        @OptionGroup var target: ApplicationTarget

        @Option(help: "The new key; a random one is made if it is left out.")
        var key: String?

        @Flag(help: "Drop every key but the newest.")
        var finish = false

        func validate() throws {
            if finish, key != nil { throw ValidationError("Give --key or --finish, not both.") }
        }

        func run() async throws {
            try await target.change(showingSecrets: !finish) { systems in
                guard !finish else {
                    return try await systems.applications.dropOldKeys(
                        of: target.id,
                        by: systems.operation()
                    )
                }
                return try await systems.applications.rotateKey(
                    of: target.id,
                    to: key ?? NewApplication.makeKey(systems.random),
                    by: systems.operation()
                )
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete an application and everything that belongs to it."
        )

        @OptionGroup var target: ApplicationTarget

        @Flag(help: "Do it; without this nothing is deleted.")
        var yes = false

        func run() async throws {
            try await target.storage.withInstallation { systems in
                guard yes else {
                    let usage = try await systems.applications.deletable(target.id)
                    throw ValidationError(
                        """
                        This deletes application \(target.id) with \(usage.channels) channels and \(usage.accounts) \
                        accounts, for ever. Add --yes to do it.
                        """
                    )
                }
                try await systems.applications.delete(target.id, by: systems.operation())
                if target.json { return try printJSON(["deleted": target.id.rawValue]) }
                printLine("application \(target.id) is deleted")
            }
        }
    }
}
