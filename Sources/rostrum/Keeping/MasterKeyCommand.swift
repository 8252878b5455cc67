import ArgumentParser
import Chat
import Server

struct MasterKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "master-key",
        abstract: "Change the key that secrets are stored under.",
        subcommands: [Prepare.self, Rotate.self]
    )

    struct Prepare: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "prepare",
            abstract: "Put a new key into the key file, before the present one; for a cluster.",
            discussion: "Give the file to every node, and then run `rostrum master-key rotate`."
        )

        @OptionGroup var storage: StorageOptions

        func run() async throws {
            let location = try storage.place.location()
            let path = try await storage.withStorage { opened in
                try await MasterKeyRotation(opened, storage.masterKey, of: location).prepare()
            }
            printLine("\(path) has a new key before the present one; nothing is sealed under it yet")
            printLine("Give the file to every node, and then run: rostrum master-key rotate")
        }
    }

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rotate",
            abstract: "Seal every secret under a new key.",
            discussion: """
                Of a data directory, the new key is made here, also beside a running server. Of a cluster it is made by \
                `rostrum master-key prepare`. What was stopped is gone on with by running it again.
                """
        )

        @OptionGroup var storage: StorageOptions

        func run() async throws {
            let location = try storage.place.location()
            let source = storage.masterKey
            let done = try await storage.withStorage { opened in
                let operation = Chat.Operation.byWhoeverTyped(at: SystemClock().now, SystemRandomSource())
                return try await MasterKeyRotation(opened, source, of: location).run(by: operation)
            }
            guard let path = source.file(of: location) else { return printEnvironment(done) }
            if done.count > 0 || !done.wasUnderFirst {
                printLine("sealed \(done.count) secrets anew; every secret is under the new master key")
            } else {
                printLine("every secret was under the first key of \(path) already")
            }
            guard let kept = done.kept else { return }
            printLine("\(path) has that key alone. The other is in \(kept).")
            printLine(
                "Backups from before need it: keep it where your copy of the master key is, away from here, for as"
            )
            printLine("long as you keep such backups, and then erase it.")
            if case .server = location { printLine("Give the file to every node; until then they know both keys.") }
        }

        private func printEnvironment(_ done: MasterKeyRotation.Result) {
            guard done.count > 0 || !done.wasUnderFirst else {
                printLine("nothing was changed: every secret is under the first key of ROSTRUM_MASTER_KEY already")
                return printLine(
                    "If the second is the new one, put it first. If the first is, the change was ended before."
                )
            }
            printLine("sealed \(done.count) secrets anew; every secret is under the new master key")
            printLine(
                "ROSTRUM_MASTER_KEY can do without the second key now, on every node. Backups from before need it."
            )
        }
    }
}
