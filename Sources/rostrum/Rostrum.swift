import ArgumentParser
import ChatProtocol
import NIOCore
import Server

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The command line: parses, calls `Server`, prints.
@main
struct Rostrum: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rostrum",
        abstract: "A self-hosted official-channel server, compatible with the Tencent Cloud Chat server API.",
        version: Release.version,
        subcommands: [
            DevCommand.self, ServeCommand.self, AppCommand.self, UserSigCommand.self, WebhooksCommand.self,
            OperatorCommand.self, MigrateStorageCommand.self, BackupCommand.self, RestoreCommand.self,
            ExportCommand.self, ImportCommand.self, MasterKeyCommand.self, DoctorCommand.self, CommandsCommand.self,
        ]
    )

    static func main() async {
        // A reader that went away is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        // What Rostrum writes is nobody else's to read.
        umask(0o077)
        Allocator.keepLittle(processors: Processors.usable)
        // Not as many event loops as the machine has processors: two that share one only take turns.
        NIOSingletons.groupLoopCountSuggestion = Processors.usable
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let error as StartError {
            fail("rostrum: \(error)", status: 1)
        } catch let error as SettingError {
            fail("rostrum: setting \(error)", status: EX_USAGE)
        } catch {
            exit(withError: error)
        }
    }

    private static func fail(_ message: String, status: Int32) -> Never {
        let line = Array((message + "\n").utf8)
        _ = write(STDERR_FILENO, line, line.count)
        _Exit(status)
    }
}
