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

    /// What most subcommands take.
    struct Target: ParsableArguments {
        @Argument(help: ArgumentHelp("The application.", valueName: "SDKAPPID"))
        var id: SDKAppID

        @OptionGroup var storage: StorageOptions

        @Flag(help: "Print JSON.")
        var json = false
    }
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

        func validate() throws {
            try AppCommand.validate(name: name)
            try AppCommand.validate(key: key)
        }

        func run() async throws {
            try await storage.withInstallation(makeIfMissing: true) { installation in
                let number = if let id { id } else { try await freeNumber(installation) }
                let new = NewApplication(
                    id: number,
                    name: name,
                    plan: plan,
                    key: key ?? NewApplication.makeKey(installation.random),
                    admins: admins.isEmpty ? [try administrator()] : admins,
                    webhookSecret: NewApplication.makeKey(installation.random)
                )
                let made = try await installation.applications.create(new, by: installation.operation())
                try await ApplicationView(made, installation, showingSecrets: true).print(asJSON: json)
            }
        }

        private func administrator() throws -> UserID {
            guard let id = UserID(rawValue: "administrator") else { throw StartError("no default admin") }
            return id
        }

        /// The hosted service's numbers begin with 14 and have ten digits.
        private func freeNumber(_ installation: Installation) async throws -> SDKAppID {
            for _ in 0..<100 {
                let drawn = installation.random.bytes(4).reduce(Int64(0)) { $0 << 8 | Int64($1) }
                guard let id = SDKAppID(rawValue: 1_400_000_000 + drawn % 100_000_000) else { continue }
                if try await installation.applications.find(id) == nil { return id }
            }
            throw StartError("no free number was found; give one")
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the applications.")

        @OptionGroup var storage: StorageOptions

        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            try await storage.withInstallation { installation in
                var views: [ApplicationView] = []
                for application in try await installation.applications.all() {
                    views.append(try await ApplicationView(application, installation, showingSecrets: false))
                }
                if json { return try printJSON(views) }
                for view in views { printLine(view.summary) }
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show an application.")

        @OptionGroup var target: Target

        @Flag(help: "Show keys and secrets too.")
        var secrets = false

        func run() async throws {
            try await target.storage.withInstallation { installation in
                guard let application = try await installation.applications.find(target.id) else {
                    throw StartError("there is no application \(target.id) in this installation")
                }
                try await ApplicationView(application, installation, showingSecrets: secrets).print(asJSON: target.json)
            }
        }
    }

    struct AddAdmin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "add-admin",
            abstract: "Make an account an app admin, importing it if need be."
        )

        @OptionGroup var target: Target

        @Argument(help: "The account.")
        var user: UserID

        func run() async throws {
            try await target.change { installation in
                try await installation.applications.addAdmin(user, to: target.id, by: installation.operation())
            }
        }
    }

    struct RemoveAdmin: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "remove-admin",
            abstract: "Make an app admin an ordinary account."
        )

        @OptionGroup var target: Target

        @Argument(help: "The account.")
        var user: UserID

        func run() async throws {
            try await target.change { installation in
                try await installation.applications.removeAdmin(user, from: target.id, by: installation.operation())
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

        @OptionGroup var target: Target

        @Option(help: "The new key; a random one is made if it is left out.")
        var key: String?

        @Flag(help: "Drop every key but the newest.")
        var finish = false

        func validate() throws {
            if finish, key != nil { throw ValidationError("Give --key or --finish, not both.") }
            try AppCommand.validate(key: key)
        }

        func run() async throws {
            try await target.change(showingSecrets: !finish) { installation in
                guard !finish else {
                    return try await installation.applications.dropOldKeys(
                        of: target.id,
                        by: installation.operation()
                    )
                }
                return try await installation.applications.rotateKey(
                    of: target.id,
                    to: key ?? NewApplication.makeKey(installation.random),
                    by: installation.operation()
                )
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Delete an application and everything that belongs to it."
        )

        @OptionGroup var target: Target

        @Flag(help: "Do it; without this nothing is deleted.")
        var yes = false

        func run() async throws {
            try await target.storage.withInstallation { installation in
                let usage = try await installation.applications.usage(of: target.id)
                guard yes else {
                    throw ValidationError(
                        """
                        This deletes application \(target.id) with \(usage.channels) channels and \(usage.accounts) \
                        accounts, for ever. Add --yes to do it.
                        """
                    )
                }
                try await installation.applications.delete(target.id, by: installation.operation())
                if target.json { return try printJSON(["deleted": target.id.rawValue]) }
                printLine("application \(target.id) is deleted")
            }
        }
    }

    static func validate(name: String?) throws {
        guard (name?.utf8.count ?? 0) <= NewApplication.longestName else {
            throw ValidationError("--name must be at most \(NewApplication.longestName) bytes long.")
        }
    }

    static func validate(key: String?) throws {
        guard let key else { return }
        guard (1...NewApplication.longestKey).contains(key.utf8.count) else {
            throw ValidationError("--key must be 1 to \(NewApplication.longestKey) bytes long.")
        }
    }
}

extension AppCommand.Target {
    /// Changes the application and prints what it is now.
    func change(
        showingSecrets: Bool = false,
        _ body: (Installation) async throws -> Application
    ) async throws {
        try await storage.withInstallation { installation in
            let changed = try await body(installation)
            try await ApplicationView(changed, installation, showingSecrets: showingSecrets).print(asJSON: json)
        }
    }
}
