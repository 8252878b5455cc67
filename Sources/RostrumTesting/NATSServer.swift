import FoundationEssentials
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A `nats-server` process that listens on this machine only; it can be killed and started again on the same port.
///
/// It does not outlive the tests, however these end.
package final class NATSServer: Sendable {
    package let port: Int
    private let arguments: [String]
    private let process = Mutex<ChildProcess?>(nil)

    /// Ends the server when the tests' process is gone; the server itself is what the shell becomes.
    private static let script = """
        (while kill -0 "$1"; do kill -0 $$ || exit; sleep 1; done; kill -9 $$) >/dev/null 2>&1 &
        shift
        exec nats-server "$@"
        """

    fileprivate init(_ options: [String]) throws {
        port = try FreePort.find()
        arguments = ["-a", "127.0.0.1", "-p", "\(port)"] + options
    }

    /// Where it is, as a node is told it.
    package var url: String { "nats://127.0.0.1:\(port)" }

    /// Starts it, and waits until it listens.
    package func start() async throws {
        let child = try ChildProcess("sh", ["-c", Self.script, "sh", "\(getpid())"] + arguments)
        process.withLock { $0 = child }
        try await waitUntil("nats-server listens: \(child.standardError)", within: .seconds(20)) {
            if let ending = child.ending {
                throw WaitedTooLong(description: "nats-server ended: \(ending) \(child.standardError)")
            }
            return child.standardError.contains("Server is ready")
        }
    }

    /// Cuts it off, as a crash of its machine does.
    package func kill() async {
        let child = process.withLock { process in
            defer { process = nil }
            return process
        }
        await child?.remove()
    }

    /// Lets it stand still, as a network that swallows everything does; returns when it does.
    package func pause() async throws {
        guard let child = process.withLock({ $0 }) else { return }
        child.send(signal: SIGSTOP)
        try await waitUntil("nats-server stands still") {
            let status = FileManager.default.contents(atPath: "/proc/\(child.identifier)/status") ?? Data()
            return String(decoding: status, as: UTF8.self).contains("State:\tT")
        }
    }

    /// Lets it go on.
    package func goOn() { process.withLock { $0?.send(signal: SIGCONT) } }
}

/// Hands `body` a server, and ends it.
///
/// - Parameters:
///   - options: further ones of the program.
///   - isStarted: whether it listens at once.
package func withNATSServer<Value>(
    _ options: [String] = [],
    isStarted: Bool = true,
    _ body: (NATSServer) async throws -> Value
) async throws -> Value {
    let server = try NATSServer(options)
    return try await with([server], isStarted: isStarted) { try await body($0[0]) }
}

/// Hands `body` servers of one cluster, and ends them.
package func withNATSCluster<Value>(
    of count: Int = 3,
    _ body: ([NATSServer]) async throws -> Value
) async throws -> Value {
    let ports = try (0..<count).map { _ in try FreePort.find() }
    let routes = ports.map { "nats://127.0.0.1:\($0)" }.joined(separator: ",")
    let servers = try ports.map { port in
        try NATSServer(["--cluster", "nats://127.0.0.1:\(port)", "--cluster_name", "rostrum", "--routes", routes])
    }
    return try await with(servers, isStarted: true, body)
}

private func with<Value>(
    _ servers: [NATSServer],
    isStarted: Bool,
    _ body: ([NATSServer]) async throws -> Value
) async throws -> Value {
    do {
        if isStarted { for server in servers { try await server.start() } }
        let value = try await body(servers)
        for server in servers { await server.kill() }
        return value
    } catch {
        for server in servers { await server.kill() }
        throw error
    }
}
