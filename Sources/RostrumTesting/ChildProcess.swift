import Dispatch
import FoundationEssentials
import Synchronization

#if canImport(Glibc)
import CGlibc
package import Glibc
#elseif canImport(Darwin)
package import Darwin
#endif

/// Another program, run with its output in files.
///
/// Spawned by hand: Foundation's `Process` learns of an end by a socket that a child started at the same moment may
/// inherit and so hold open. Files cannot fill up as pipes do, and nobody has to read them meanwhile. A child inherits
/// nothing but these: NIO's sockets are not closed by `exec`, so each child would keep this process's listeners and
/// connections open for as long as it lives, and their ports taken.
package final class ChildProcess: Sendable {
    /// How a program ended.
    package enum Exit: Sendable, Equatable {
        case status(Int32)
        case signal(Int32)
    }

    package struct NotStarted: Error, CustomStringConvertible {
        package let description: String
    }

    package let identifier: pid_t
    /// A directory of the child's own; it is its `TMPDIR` and goes with ``remove()``.
    package let directory: String
    private let state = Mutex<Exit?>(nil)

    /// - Parameters:
    ///   - program: its path, or its name when it is in one of `PATH`'s directories.
    ///   - environment: beside this process's own, of which what begins with `ROSTRUM_` is left out.
    package init(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws {
        directory = "\(FileManager.default.temporaryDirectory.path)/rostrum-child-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        var variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("ROSTRUM_") }
        variables["TMPDIR"] = directory
        variables.merge(environment) { $1 }
        identifier = try Self.spawn(program, arguments, variables.map { "\($0)=\($1)" }, directory)
        reap()
    }

    /// What it wrote to standard output so far.
    package var standardOutput: String { text(of: "stdout") }
    /// What it wrote to standard error so far.
    package var standardError: String { text(of: "stderr") }
    /// Nil while it runs.
    package var ending: Exit? { state.withLock { $0 } }

    /// Sends a signal; does nothing when the process has ended.
    package func send(signal: Int32) {
        state.withLock { ending in
            if ending == nil { kill(identifier, signal) }
        }
    }

    /// Waits for its end.
    ///
    /// - Throws: ``WaitedTooLong``, with what the process wrote, when it does not come.
    package func exit(within limit: Duration = .seconds(20)) async throws -> Exit {
        let limit = patient(limit)
        let deadline = ContinuousClock.now + limit
        while ContinuousClock.now < deadline {
            if let ending { return ending }
            try await Task.sleep(for: .milliseconds(2))
        }
        throw WaitedTooLong(description: "no end within \(limit)\n\(standardOutput)\n\(standardError)")
    }

    /// Ends it, if need be by force, and removes its directory.
    package func remove() async {
        send(signal: SIGKILL)
        _ = try? await exit()
        try? FileManager.default.removeItem(atPath: directory)
    }

    private func text(of file: String) -> String {
        String(decoding: FileManager.default.contents(atPath: "\(directory)/\(file)") ?? Data(), as: UTF8.self)
    }

    /// Waits for the end on a thread of its own.
    ///
    /// The process is looked at first and buried under the lock, so that no signal goes to a number used again.
    private func reap() {
        DispatchQueue(label: "rostrum.testing.child").async { [self] in
            var information = siginfo_t()
            while waitid(P_PID, id_t(identifier), &information, WEXITED | WNOWAIT) == -1, errno == EINTR {}
            state.withLock { ending in
                var status: Int32 = 0
                waitpid(identifier, &status, 0)
                let signal = status & 0x7F
                ending = signal == 0 ? .status(status >> 8 & 0xFF) : .signal(signal)
            }
        }
    }

    private static func spawn(
        _ program: String,
        _ arguments: [String],
        _ variables: [String],
        _ directory: String
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        for (descriptor, file) in [(STDOUT_FILENO, "stdout"), (STDERR_FILENO, "stderr")] {
            let flags = O_WRONLY | O_CREAT | O_APPEND
            posix_spawn_file_actions_addopen(&actions, descriptor, "\(directory)/\(file)", flags, 0o600)
        }
        #if canImport(Glibc)
        posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)
        #endif
        // Threads of queues block every signal, and a child inherits that from the thread that spawns it.
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var identifier: pid_t = 0
        let failure = withCStrings([program] + arguments) { words in
            withCStrings(variables) { variables in
                posix_spawnp(&identifier, program, &actions, &attributes, words, variables)
            }
        }
        guard failure == 0 else {
            throw NotStarted(description: "\(program): \(text(ofError: failure))")
        }
        return identifier
    }

    private static func text(ofError number: Int32) -> String {
        strerror(number).map { String(cString: $0) } ?? "error \(number)"
    }

    private static func withCStrings<Value>(
        _ texts: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) -> Value
    ) -> Value {
        let copies = texts.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
