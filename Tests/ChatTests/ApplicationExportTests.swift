import Chat
import ChatProtocol
import Database
import RostrumTesting
import Synchronization
import Testing

/// What an export sees.
@Suite struct ApplicationExportTests {
    /// The lines that were written, whatever thread writes them.
    private final class Lines: Sendable {
        private let lines = Mutex<[JSONObject]>([])

        var all: [JSONObject] { lines.withLock { $0 } }

        func append(_ line: JSONObject) {
            lines.withLock { $0.append(line) }
        }

        func count(_ kind: String) -> Int {
            all.count { line in if case .string(kind)? = line["Kind"] { true } else { false } }
        }
    }

    @Test("an export is of one moment, whatever is written meanwhile", arguments: StorageEngine.enabled)
    func oneMoment(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("anna", "bob")
            try await installation.liftBroadcastLimits()
            _ = try await installation.channels.create(.example(), for: installation.call())
            _ = try await installation.subscribers.add(["anna"], to: .news, for: installation.call())
            _ = try await installation.sendMany(2)
            let held = HeldTransaction()
            let lines = Lines()
            let export = ApplicationExport(
                ArchiveHeader(application: .example, hasSecrets: false),
                secrets: installation.secrets
            )

            let database = installation.database
            let exporting = Task {
                try await database.read { tx throws(ChatError) in
                    try export.write(after: ArchivePosition(), in: tx) { line throws(ChatError) in
                        if case .string("Channel")? = line["Kind"] { held.hold() }
                        lines.append(line)
                    }
                }
            }
            await held.waitUntilBegun()
            _ = try await installation.subscribers.add(["bob"], to: .news, for: installation.call())
            _ = try await installation.sendMany(1)
            held.goOn()
            try await exporting.value

            var reader = ArchiveReader()
            for line in lines.all { _ = try reader.read(line.json) }
            try reader.finish()
            #expect(lines.count("Subscription") == 1)
            #expect(lines.count("Broadcast") == 2)
        }
    }

    @Test("of an application that is not there there is no export", arguments: StorageEngine.enabled)
    func missing(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let export = ApplicationExport(
                ArchiveHeader(application: .other, hasSecrets: false),
                secrets: installation.secrets
            )

            let error = await #expect(throws: ChatError.self) {
                try await installation.database.read { tx throws(ChatError) in
                    try export.write(after: ArchivePosition(), in: tx) { _ throws(ChatError) in }
                }
            }
            #expect(error?.code == .applicationNotFound)
        }
    }
}
