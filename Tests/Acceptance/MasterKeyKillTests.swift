import FoundationEssentials
import RostrumTesting
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// `rostrum master-key rotate`, killed again and again.
@Suite("Killing a change of the master key")
struct MasterKeyKillTests {
    private static let kills = 16
    private static let numbers = ServedApplication.number + 1...ServedApplication.number + 11

    /// When a change that nobody kills does what, counted from its start.
    private struct Course {
        /// Its file has two keys.
        let prepared: Duration
        let ended: Duration
    }

    private func keys(in path: String) throws -> [String] {
        String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self).split(separator: "\n").map(
            String.init
        )
    }

    private func rotating(_ application: ServedApplication) throws -> ChildProcess {
        try ChildProcess(RostrumProgram.path, ["master-key", "rotate", "--data-dir", application.directory])
    }

    private func key(of number: Int64) -> String { "the key of \(number)" }

    private func waitForAnother(than before: [String], in path: String) async throws {
        try await waitUntil("the key file is changed", every: .milliseconds(1)) { try keys(in: path) != before }
    }

    /// Changes the key once, to see how long that takes on this machine.
    private func course(_ application: ServedApplication, _ path: String) async throws -> Course {
        let (before, start) = (try keys(in: path), ContinuousClock.now)
        let child = try rotating(application)
        try await waitForAnother(than: before, in: path)
        let prepared = ContinuousClock.now - start
        try #require(try await child.exit() == .status(0), "\(child.standardError)")
        let ended = ContinuousClock.now - start
        await child.remove()
        return Course(prepared: prepared, ended: ended)
    }

    private func demandKeys(_ application: ServedApplication, _ moment: String) async throws {
        for number in [ServedApplication.number] + Self.numbers {
            let (directory, id) = (application.directory, "\(number)")
            let shown = try await rostrum("app", "show", id, "--secrets", "--data-dir", directory)
            let expected = number == ServedApplication.number ? ServedApplication.key : key(of: number)
            #expect(shown.standardOutput.contains(expected), "\(id), \(moment): \(shown.standardError)")
        }
    }

    @Test("at any moment it loses no key and no secret, and running it again ends it")
    func killed() async throws {
        try await ServedApplication.with { application in
            let (directory, path) = (application.directory, "\(application.directory)/master.key")
            for number in Self.numbers {
                let words = ["app", "create", "\(number)", "--key", key(of: number), "--data-dir", directory]
                let made = try await RostrumProgram.run(words)
                try #require(made.succeeded, "\(made.standardError)")
            }
            var seen = Set(try keys(in: path))
            let course = try await course(application, path)
            var sawTwoKeys = false
            for kill in 0..<Self.kills {
                let before = try keys(in: path)
                seen.formUnion(before)
                let child = try rotating(application)
                if before.count == 1 {
                    try await waitForAnother(than: before, in: path)
                } else {
                    try await Task.sleep(for: course.prepared)
                }
                try await Task.sleep(for: (course.ended - course.prepared) * kill / Self.kills)
                child.send(signal: SIGKILL)
                _ = try await child.exit()
                await child.remove()

                let after = try keys(in: path)
                seen.formUnion(after)
                sawTwoKeys = sawTwoKeys || after.count == 2
                let shown = try await application.shown()
                #expect(shown.standardOutput.contains(ServedApplication.key), "kill \(kill): \(shown.standardError)")
            }
            #expect(sawTwoKeys, "no kill came while there were two keys")

            let run = try await rostrum("master-key", "rotate", "--data-dir", directory)

            #expect(run.succeeded, "\(run.standardError)")
            let present = try keys(in: path)
            #expect(present.count == 1)
            seen.formUnion(present)
            let others = try FileManager.default.contentsOfDirectory(atPath: directory)
                .filter { $0.hasPrefix("master.key.") }
            #expect(others.allSatisfy { $0.hasPrefix("master.key.before-") }, "\(others)")
            let left = try present + others.flatMap { try keys(in: "\(directory)/\($0)") }
            #expect(left.count == others.count + 1 && left.sorted() == seen.sorted())
            try await demandKeys(application, "at the end")
        }
    }
}
