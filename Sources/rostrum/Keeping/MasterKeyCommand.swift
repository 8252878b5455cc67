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
                `rostrum master-key prepare`. What was stopped is gone on with by running it again while the key file \
                has two keys; with one key in it the change has ended, or has not begun.
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
            if done.changedNothing {
                printLine("every secret was under the first key of \(path) already")
            } else {
                printLine("sealed \(done.count) secrets anew; every secret is under the new master key")
            }
            guard let kept = done.kept else { return }
            printLine("\(path) has that key alone. The other is in \(kept).")
            if done.changedNothing {
                printLine("If a change was stopped that had only this left to do, the other is the old key.")
                printLine("If the other is the new one, it was put second by mistake: put it first and run this again.")
                printLine(
                    "Backups need an old key: keep it where your copy of the master key is, away from here, for as"
                )
            } else {
                printLine(
                    "Backups from before need it: keep it where your copy of the master key is, away from here, for as"
                )
            }
            printLine("long as you keep such backups, and then erase it.")
            if case .server = location { printLine("Give the file to every node; until then they know both keys.") }
        }

        private func printEnvironment(_ done: MasterKeyRotation.Result) {
            guard !done.changedNothing else {
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
