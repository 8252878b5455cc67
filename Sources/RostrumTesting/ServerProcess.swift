import FoundationEssentials

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The `rostrum` program as it was built beside the tests.
package enum RostrumProgram {
    /// `ROSTRUM_BINARY`, or the one in the directory of the running test bundle.
    package static let path: String = {
        if let given = ProcessInfo.processInfo.environment["ROSTRUM_BINARY"] { return given }
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        var directory = bundle[..<(bundle.lastIndex(of: "/") ?? bundle.startIndex)]
        // Elsewhere a bundle is a directory with the program some way inside.
        while !directory.isEmpty {
            let program = "\(directory)/rostrum"
            if access(program, X_OK) == 0 { return program }
            directory = directory[..<(directory.lastIndex(of: "/") ?? directory.startIndex)]
        }
        return "rostrum"
    }()

    /// Runs it to its end.
    package static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> FinishedRun {
        try await FinishedRun(of: path, arguments, environment: environment)
    }
}

/// A program's run, from its start to its end.
package struct FinishedRun: Sendable {
    package let ending: ChildProcess.Exit
    package let standardOutput: String
    package let standardError: String

    /// Runs the program; one that does not end is ended.
    package init(of program: String, _ arguments: [String], environment: [String: String] = [:]) async throws {
        let child = try ChildProcess(program, arguments, environment: environment)
        do {
            ending = try await child.exit(within: .seconds(30))
        } catch {
            await child.remove()
            throw error
        }
        (standardOutput, standardError) = (child.standardOutput, child.standardError)
        await child.remove()
    }

    package var succeeded: Bool { ending == .status(0) }
}

/// A `rostrum dev` or `rostrum serve` that listens.
package struct ServerProcess: Sendable {
    package struct NotReady: Error, CustomStringConvertible {
        package let description: String
    }

    package let child: ChildProcess
    /// Where the API is.
    package let port: Int
    /// Where metrics and health are, when they have a port of their own.
    package let adminPort: Int?
    /// Where `dev` also serves HTTPS, and its certificate.
    package let https: (port: Int, certificate: String)?

    /// Starts one and waits until it says that it is ready.
    fileprivate init(_ child: ChildProcess) async throws {
        var output = ""
        try await waitUntil("rostrum is ready or ended", within: .seconds(40)) {
            let hasEnded = child.ending != nil
            output = child.standardOutput
            return hasEnded || output.hasSuffix("\n") && Self.port(after: "rostrum is ready on ", in: output) != nil
        }
        guard let port = Self.port(after: "rostrum is ready on ", in: output) else {
            throw NotReady(description: "\(child.ending.map { "\($0)" } ?? "-")\n\(output)\n\(child.standardError)")
        }
        (self.child, self.port) = (child, port)
        adminPort = Self.port(after: "metrics and health are on ", in: output)
        https = Self.port(after: "HTTPS is on ", in: output).map { port in
            (port, Self.line(after: "HTTPS is on ", in: output)?.split(separator: " ").last.map(String.init) ?? "")
        }
    }

    /// The command that the emulator prints for trying it.
    package var curl: String? {
        Self.line(after: "curl ", in: child.standardOutput).map { "curl " + $0 }
    }

    package var standardOutput: String { child.standardOutput }
    package var standardError: String { child.standardError }

    /// Resident memory in bytes, as the kernel tells it.
    package var residentBytes: Int {
        let contents = FileManager.default.contents(atPath: "/proc/\(child.identifier)/status") ?? Data()
        let lines = String(decoding: contents, as: UTF8.self).split(separator: "\n")
        let words = lines.first { $0.hasPrefix("VmRSS:") }?.split(whereSeparator: { $0 == " " || $0 == "\t" })
        return (words?.dropFirst().first.flatMap { Int($0) } ?? 0) * 1024
    }

    /// How many arenas glibc's allocator has made for its threads: 64 MiB of addresses each, of which a first part is used.
    package var furtherArenas: Int {
        let size = 64 << 20
        let contents = FileManager.default.contents(atPath: "/proc/\(child.identifier)/maps") ?? Data()
        let mappings = String(decoding: contents, as: UTF8.self).split(separator: "\n").compactMap { line in
            let addresses = line.prefix { $0 != " " }.split(separator: "-").compactMap { Int($0, radix: 16) }
            guard addresses.count == 2 else { return nil as (start: Int, end: Int, isUsed: Bool)? }
            return (start: addresses[0], end: addresses[1], isUsed: line.contains(" rw-p "))
        }
        return zip(mappings, mappings.dropFirst()).count { used, reserved in
            used.isUsed && !reserved.isUsed && used.end == reserved.start && used.start.isMultiple(of: size)
                && reserved.end - used.start == size
        }
    }

    package func send(signal: Int32) {
        child.send(signal: signal)
    }

    package func exit(within limit: Duration = .seconds(20)) async throws -> ChildProcess.Exit {
        try await child.exit(within: limit)
    }

    private static func line(after beginning: String, in output: String) -> Substring? {
        output.split(separator: "\n").first { $0.hasPrefix(beginning) }?.dropFirst(beginning.count)
    }

    /// The port of the URL that follows `beginning`.
    private static func port(after beginning: String, in output: String) -> Int? {
        guard let url = line(after: beginning, in: output)?.prefix(while: { $0 != " " && $0 != "," }),
            let colon = url.lastIndex(of: ":")
        else { return nil }
        return Int(url[url.index(after: colon)...])
    }
}

/// Runs a server for the time of `body`; whatever happens, its process ends and what it made is removed.
///
/// - Parameter program: `rostrum`, or a program that becomes it; `arguments` are then all of its own.
package func withServer<Value>(
    _ arguments: [String] = ["dev", "--port", "0"],
    environment: [String: String] = [:],
    program: String = RostrumProgram.path,
    _ body: (ServerProcess) async throws -> Value
) async throws -> Value {
    let child = try ChildProcess(program, arguments, environment: environment)
    do {
        let value = try await body(try await ServerProcess(child))
        await child.remove()
        return value
    } catch {
        await child.remove()
        throw error
    }
}
