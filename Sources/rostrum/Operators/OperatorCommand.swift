import ArgumentParser
import Chat
import ChatProtocol
import Server

/// Makes and changes those who may sign in to the console.
struct OperatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator",
        abstract: "Say who may sign in to the console.",
        subcommands: [
            Create.self, List.self, SetPassword.self, SetRole.self, RemoveSecondFactor.self, Delete.self,
        ]
    )

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an operator.",
            discussion: PasswordSource.explanation
        )

        @Argument(help: ArgumentHelp("The name to sign in with.", valueName: "NAME"))
        var name: OperatorName

        @Option(help: "What he may do: owner, operator or read-only.")
        var role = OperatorRole.owner

        @OptionGroup var password: PasswordSource
        @OptionGroup var storage: StorageOptions

        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            let text = try password.read(for: name)
            try await storage.withInstallation(makeIfMissing: true) { systems in
                let given = text ?? PasswordSource.random(systems)
                let made = try await systems.operators.create(name, role, password: given, by: systems.operation())
                try OperatorView(made, password: text == nil ? given : nil).print(asJSON: json)
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the operators.")

        @OptionGroup var storage: StorageOptions

        @Flag(help: "Print JSON.")
        var json = false

        func run() async throws {
            try await storage.withInstallation { systems in
                let views = try await systems.operators.all().map { OperatorView($0) }
                if json { return try printJSON(views) }
                for view in views { printLine(view.summary) }
            }
        }
    }

    struct SetPassword: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give an operator another password, and end his sessions.",
            discussion: PasswordSource.explanation
        )

        @Argument(help: ArgumentHelp("The operator.", valueName: "NAME"))
        var name: OperatorName

        @OptionGroup var password: PasswordSource
        @OptionGroup var storage: StorageOptions

        func run() async throws {
            let text = try password.read(for: name)
            try await storage.withInstallation { systems in
                let new = text ?? PasswordSource.random(systems)
                try await systems.operators.setPassword(of: name, to: new, by: systems.operation())
                printLine("operator \(name) has a new password")
                if text == nil { printLine("the password is \(new)") }
            }
        }
    }

    struct SetRole: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Say what an operator may do.")

        @Argument(help: ArgumentHelp("The operator.", valueName: "NAME"))
        var name: OperatorName

        @Argument(help: ArgumentHelp("owner, operator or read-only.", valueName: "ROLE"))
        var role: OperatorRole

        @OptionGroup var storage: StorageOptions

        func run() async throws {
            try await storage.withInstallation { systems in
                try await systems.operators.setRole(of: name, to: role, by: systems.operation())
                printLine("operator \(name) is \(role.rawValue)")
            }
        }
    }

    struct RemoveSecondFactor: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let an operator who lost his authenticator sign in with the password alone."
        )

        @Argument(help: ArgumentHelp("The operator.", valueName: "NAME"))
        var name: OperatorName

        @OptionGroup var storage: StorageOptions

        func run() async throws {
            try await storage.withInstallation { systems in
                try await systems.operators.removeSecondFactor(of: name, by: systems.operation())
                printLine("operator \(name) signs in with the password alone")
            }
        }
    }

    struct Delete: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Delete an operator, and end his sessions.")

        @Argument(help: ArgumentHelp("The operator.", valueName: "NAME"))
        var name: OperatorName

        @OptionGroup var storage: StorageOptions

        func run() async throws {
            try await storage.withInstallation { systems in
                try await systems.operators.delete(name, by: systems.operation())
                printLine("operator \(name) is deleted")
            }
        }
    }
}

/// An operator as the command line shows him.
private struct OperatorView: Encodable {
    let name: String
    let role: String
    let hasSecondFactor: Bool
    let signedInAt: String?
    /// One that was made at random, which is shown this once.
    let password: String?

    init(_ shown: Operator, password: String? = nil) {
        self.password = password
        (name, role, hasSecondFactor) = (shown.name.rawValue, shown.role.rawValue, shown.hasSecondFactor)
        signedInAt = shown.signedInAt?.iso8601
    }

    var summary: String {
        let secondFactor = hasSecondFactor ? "with a second factor" : "password alone"
        return "\(name): \(role), \(secondFactor), \(signedInAt.map { "last signed in \($0)" } ?? "never signed in")"
    }

    func print(asJSON json: Bool) throws {
        if json { return try printJSON(self) }
        printLine(summary)
        if let password { printLine("the password is \(password)") }
    }
}

extension OperatorName: ExpressibleByArgument {}
extension OperatorRole: ExpressibleByArgument {}
