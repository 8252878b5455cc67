import Dispatch
import FoundationEssentials
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A PostgreSQL server of the tests' own, in a temporary directory, on a Unix socket there and a port of 127.0.0.1.
///
/// It never outlives the test process, not even one that is killed: a shell waits at a named pipe that only this
/// process holds open, and stops the server and removes its files when the pipe is closed.
package final class PostgresServer: Sendable {
    package struct NotStarted: Error, CustomStringConvertible {
        package let description: String
    }

    /// The server that tests share; each has a schema of its own in it.
    package static let shared = Task { try await PostgresServer() }

    package let directory: String
    package let port: Int
    private let programs: String
    private let user: String?
    private let child: ChildProcess
    /// Held open as long as the server is to run.
    private let lifeline: CInt

    /// Makes a new, empty server and starts it.
    ///
    /// - Parameters:
    ///   - isDurable: whether what is committed survives more than the server's own death; slower.
    ///   - settings: what else is to be in its configuration.
    package init(isDurable: Bool = false, settings: [String: String] = [:]) async throws {
        programs = try Self.findPrograms()
        user = geteuid() == 0 ? "postgres" : nil
        port = try FreePort.find()
        // Short, for the path of a socket has room for a hundred bytes.
        directory = "/tmp/rostrum-pg-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        mkfifo("\(directory)/lifeline", 0o666)
        chmod("\(directory)/lifeline", 0o666)
        lifeline = Glibc.open("\(directory)/lifeline", O_RDWR | O_CLOEXEC)
        if let user, let entry = getpwnam(user) { chown(directory, entry.pointee.pw_uid, entry.pointee.pw_gid) }

        var all = [
            "fsync": "off", "full_page_writes": "off", "autovacuum": "off", "jit": "off",
            "deadlock_timeout": "100ms",
            "max_connections": "400", "shared_buffers": "64MB", "max_locks_per_transaction": "256",
        ]
        if isDurable { (all["fsync"], all["full_page_writes"]) = ("on", "on") }
        all.merge(settings) { $1 }
        let text = all.map { "\($0) = '\($1)'\n" }.joined()
        try Data(text.utf8).write(to: URL(filePath: "\(directory)/settings.conf"))
        chmod("\(directory)/settings.conf", 0o644)

        let script = """
            cd "$1"
            "$2/initdb" -D data -U postgres --auth=trust -E UTF8 --no-locale -N $4 >initdb.log 2>&1 &&
                echo "include '$1/settings.conf'" >>data/postgresql.conf &&
                "$2/pg_ctl" -D data -l server.log -w -o "-k $1 -p $3 -h 127.0.0.1" start >start.log 2>&1 </dev/null
            echo $? >started
            read -r line <lifeline
            "$2/pg_ctl" -D data -m immediate stop >/dev/null 2>&1
            cd / && rm -rf "$1"
            """
        let words = ["sh", "-c", script, "sh", directory, programs, "\(port)", isDurable ? "-k" : ""]
        child =
            if let user {
                try ChildProcess("setpriv", ["--reuid=\(user)", "--regid=\(user)", "--clear-groups"] + words)
            } else {
                try ChildProcess(words[0], Array(words.dropFirst()))
            }
        try await waitUntilStarted()
    }

    deinit {
        Glibc.close(lifeline)
    }

    private func waitUntilStarted() async throws {
        let deadline = ContinuousClock.now + patient(.seconds(60))
        while ContinuousClock.now < deadline, child.ending == nil {
            if let text = contents("started"), text.hasSuffix("\n") {
                if text == "0\n" { return }
                break
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        let logs = ["initdb.log", "start.log", "server.log"].compactMap(contents).joined(separator: "\n")
        throw NotStarted(description: "PostgreSQL did not start: \(logs)\n\(child.standardError)")
    }

    private func contents(_ file: String) -> String? {
        FileManager.default.contents(atPath: "\(directory)/\(file)").map { String(decoding: $0, as: UTF8.self) }
    }

    /// A URL of its only database.
    ///
    /// - Parameters:
    ///   - schema: the one that tables are made and found in.
    ///   - overTCP: over the port, not the Unix socket.
    package func url(schema: String = "public", overTCP: Bool = false) -> String {
        let host = overTCP ? "127.0.0.1:\(port)" : "\(directory.replacing("/", with: "%2F")):\(port)"
        return "postgres://postgres@\(host)/postgres?options=-csearch_path%3D\(schema)"
    }

    /// Stops the server as an administrator would: open connections are cut.
    ///
    /// - Parameter isCrash: without writing anything more.
    package func stop(isCrash: Bool = false) async throws {
        try await control("stop", "-m", isCrash ? "immediate" : "fast")
    }

    /// Starts it again after ``stop(isCrash:)``.
    package func start() async throws {
        try await control("start", "-l", "\(directory)/server.log", "-o", "-k \(directory) -p \(port) -h 127.0.0.1")
    }

    /// Starts it as a standby that follows nobody: it reads, until it is promoted.
    package func startAsStandby() async throws {
        try Data().write(to: URL(filePath: "\(directory)/data/standby.signal"))
        try await start()
    }

    /// Makes a standby a server that writes, on a timeline of its own.
    package func promote() async throws {
        try await control("promote")
    }

    private func control(_ action: String, _ words: String...) async throws {
        let all = ["\(programs)/pg_ctl", "-D", "\(directory)/data", "-w", action] + words
        let run =
            if let user {
                try await FinishedRun(
                    of: "setpriv",
                    ["--reuid=\(user)", "--regid=\(user)", "--clear-groups", "--"] + all
                )
            } else {
                try await FinishedRun(of: all[0], Array(all.dropFirst()))
            }
        guard run.succeeded else {
            throw NotStarted(description: "pg_ctl \(action): \(run.standardOutput)\n\(run.standardError)")
        }
    }

    private static func findPrograms() throws -> String {
        var directories = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let debian = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: debian)) ?? []
        directories += versions.sorted { (Int($0) ?? 0) > (Int($1) ?? 0) }.map { "\(debian)/\($0)/bin" }
        let needed = ["postgres", "initdb", "pg_ctl"]
        guard
            let found = directories.first(where: { directory in
                needed.allSatisfy { access("\(directory)/\($0)", X_OK) == 0 }
            })
        else {
            throw NotStarted(
                description: "the tests need PostgreSQL's server: apt-get install postgresql, or put its bin in PATH"
            )
        }
        return found
    }
}
