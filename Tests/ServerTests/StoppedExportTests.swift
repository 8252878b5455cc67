import Chat
import ChatProtocol
import FoundationEssentials
import RostrumTesting
import Server
import Testing

/// An export that was stopped is gone on with only where all of it is of one moment.
@Suite struct StoppedExportTests {
    @Test(
        "an export that was stopped goes on behind its last whole line when the application was off all the time",
        arguments: StorageEngine.enabled
    )
    func resumed(engine: StorageEngine) async throws {
        try await ExportedApplication.with(engine) { exported in
            try await exported.serve(false)
            let whole = try await exported.stopExport("stopped")
            for (number, count) in stride(from: 1, to: whole.count, by: 331).enumerated() {
                try exported.copyStopped("stopped", as: "part\(number)", bytes: count)

                let summary = try await exported.export("part\(number)")

                #expect(exported.contents("part\(number)") == whole)
                #expect(summary.resumedAfter == whole.prefix(count).count { $0 == UInt8(ascii: "\n") })
            }
            let left = try FileManager.default.contentsOfDirectory(atPath: exported.place)
            #expect(left.filter { $0.hasPrefix("part") && $0.contains(".partial") }.isEmpty)
        }
    }

    /// What happens before a stopped export is to be gone on with, and what is said then.
    static let refusals: [(name: String, happens: @Sendable (ExportedApplication) async throws -> Void, said: String)] =
        [
            (
                "the application was on then and is on now",
                { try await $0.stopExport("file") },
                "answers calls, so that"
            ),
            (
                "it was on then and is off now",
                { exported in
                    try await exported.stopExport("file")
                    try await exported.serve(false)
                },
                "answered calls then"
            ),
            (
                "it was off then and is on now",
                { exported in
                    try await exported.serve(false)
                    try await exported.stopExport("file")
                    try await exported.serve(true)
                },
                "answers calls, so that"
            ),
            (
                "it was off then, on, and is off again, within one millisecond",
                { exported in
                    try await exported.serve(false)
                    try await exported.stopExport("file")
                    try await exported.serve(true)
                    try await exported.serve(false)
                },
                "has changed since"
            ),
            (
                "it was off then, on, and is off again, later",
                { exported in
                    try await exported.serve(false)
                    try await exported.stopExport("file")
                    exported.installation.clock.advance(seconds: 10)
                    try await exported.serve(true)
                    try await exported.serve(false)
                },
                "has changed since"
            ),
            (
                "it was off all the time and got another name",
                { exported in
                    try await exported.serve(false)
                    try await exported.stopExport("file")
                    var change = ApplicationChange()
                    change.name = "Quay"
                    let operation = exported.installation.operation()
                    _ = try await exported.installation.applications.update(.example, change, by: operation)
                },
                "has other settings"
            ),
            (
                "the mark is gone",
                { exported in
                    try await exported.serve(false)
                    try await exported.stopExport("file")
                    try FileManager.default.removeItem(atPath: exported.file("file.partial.mark"))
                },
                "may have changed since"
            ),
            (
                "it is one without secrets",
                { exported in
                    try await exported.serve(false)
                    try await exported.stopExport("file", withSecrets: false)
                },
                "another export"
            ),
        ]

    @Test(
        "a stopped export is not gone on with when something may have changed since",
        arguments: StorageEngine.enabled,
        refusals.indices
    )
    func refused(engine: StorageEngine, number: Int) async throws {
        let (name, happens, said) = Self.refusals[number]
        try await ExportedApplication.with(engine) { exported in
            try await happens(exported)
            let draft = exported.contents("file.partial")

            let refusal = await #expect(throws: StartError.self, "\(name)") { try await exported.export("file") }

            #expect(refusal?.description.contains(said) == true, "\(name): \(refusal?.description ?? "")")
            #expect(!FileManager.default.fileExists(atPath: exported.file("file")))
            // Whoever reads the refusal may want to look at it.
            #expect(!draft.isEmpty && exported.contents("file.partial") == draft)
        }
    }

    @Test("a draft that is begun anew has a mark of its own, whatever was left", arguments: StorageEngine.enabled)
    func begunAnew(engine: StorageEngine) async throws {
        try await ExportedApplication.with(engine) { exported in
            try await exported.stopExport("file")
            try await exported.serve(false)
            try FileManager.default.removeItem(atPath: exported.file("file.partial"))

            let whole = try await exported.stopExport("file")
            try await exported.export("file")

            #expect(exported.contents("file") == whole)
        }
    }

    @Test("an application of which an import has brought a part is not exported", arguments: StorageEngine.enabled)
    func halfImported(engine: StorageEngine) async throws {
        struct Stopped: Error {}
        try await ExportedApplication.with(engine) { exported in
            try await exported.export("file")
            try await withOpenedStorage(on: engine) { _, other in
                var left = 3
                await #expect(throws: Stopped.self) {
                    try await exported.import("file", into: other) { stage, _, _ in
                        if stage == .importing { left -= 1 }
                        if left == 0 { throw Stopped() }
                    }
                }

                let refusal = await #expect(throws: StartError.self) {
                    try await exported.export("half", of: other)
                }

                #expect(refusal?.description.contains("has not ended") == true, "\(refusal?.description ?? "")")
                #expect(!FileManager.default.fileExists(atPath: exported.file("half")))
                try await exported.import("file", into: other)
                try await exported.export("half", of: other)
                #expect(exported.contents("half") == exported.contents("file"))
            }
        }
    }
}
