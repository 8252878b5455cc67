import Chat
import ChatProtocol
import Database
import DatabaseSQLite
import FoundationEssentials
import RostrumTesting
import Server

/// A one-machine installation with something in every part of it, and an empty place to move it to.
struct MovableInstallation {
    static let masterKey = String(repeating: "0f", count: 32)
    static let accounts = ["anna", "bob", "carl", "dora", "emil"]

    let directory: DataDirectory
    let target: Storage
    /// As the source has them.
    let contents: Contents

    /// What tells whether an installation is the same.
    struct Contents: Equatable {
        let keys: [String]
        let webhooks: WebhookSettings
        let subscribers: [String]
        let posts: [MessageKey]
        let waitingWebhooks: Int64
        let generation: String?

        init(_ installation: TestInstallation) async throws {
            let application = try await installation.application()
            keys = application.keys.map(\.text)
            webhooks = application.webhooks
            subscribers = try await installation.subscribers.page(
                of: .news,
                after: nil,
                limit: 100,
                of: application,
                at: installation.clock.now
            ).subscriptions.map(\.user.rawValue)
            posts = try await installation.broadcasts.history(
                of: .news,
                before: nil,
                number: 20,
                withRecalled: true,
                of: application,
                at: installation.clock.now
            ).broadcasts.map(\.key)
            (waitingWebhooks, generation) = try await installation.database.read { tx throws(ChatError) in
                (
                    try tx.row("SELECT count(*) FROM outbox")?.integer(0) ?? 0,
                    try StorageProperty.generation.value(in: tx)
                )
            }
        }
    }

    static func with(_ body: (MovableInstallation) async throws -> Void) async throws {
        try await withTemporaryDirectory { path in
            let directory = try DataDirectory(path, makeIfMissing: false)
            try writeFile(directory.masterKey, masterKey)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: directory.masterKey)
            // As a server makes it.
            let storage = try await OpenStorage.open(.directory(directory))
            let contents: Contents
            do {
                let installation = TestInstallation(database: storage.database)
                try await fill(installation)
                contents = try await Contents(installation)
                await storage.database.close()
            } catch {
                await storage.database.close()
                throw error
            }
            try await StorageEngine.postgres.withStorage { target in
                try await body(MovableInstallation(directory: directory, target: target, contents: contents))
            }
        }
    }

    static func fill(_ installation: TestInstallation) async throws {
        _ = try await installation.applications.create(.example(), by: installation.operation())
        var change = ApplicationChange()
        change.webhooks.url = .some(WebhookURL(rawValue: "https://backend.example.net/hook"))
        change.webhooks.commands = Set(WebhookCommand.allCases)
        change.webhooks.token = "a token"
        _ = try await installation.applications.update(.example, change, by: installation.operation())
        try await installation.setLimits([.broadcastsPerSecond: 0, .broadcastsPerHour: 0])
        _ = try await installation.accounts.importAll(
            accounts.map { NewAccount(id: UserID($0)) },
            for: installation.call()
        )
        _ = try await installation.channels.create(.example(), for: installation.call())
        _ = try await installation.subscribers.add(accounts, to: .news, for: installation.call())
        for number in 1...5 { _ = try await post("m\(number) ✓", in: installation) }
    }

    static func post(_ text: String, in installation: TestInstallation) async throws -> MessageKey {
        let content: JSONObject = ["Text": .string(text)]
        let element: JSONObject = ["MsgType": .string("TIMTextElem"), "MsgContent": .object(content)]
        let body = try MessageBody([.object(element)])
        return try await installation.broadcasts.send(
            NewBroadcast(channel: .news, random: 7, body: body),
            for: installation.call()
        )
    }

    /// Moves it, two rows at a time so that every table takes several batches.
    @discardableResult
    func move(
        to target: Storage? = nil,
        report: @escaping (MoveReport) async throws -> Void = { _ in }
    ) async throws -> MoveSummary {
        try await StorageMove.run(
            from: directory,
            to: (target ?? self.target).location,
            rowsInBatch: 2,
            report: report
        )
    }

    /// What is said when it cannot be moved; nil when it can.
    func refusal(report: @escaping (MoveReport) async throws -> Void = { _ in }) async -> String? {
        do {
            try await move(report: report)
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// What is said when the target cannot be opened as an installation; nil when it can.
    func openingRefusal() async -> String? {
        do {
            let opened = try await OpenStorage.open(.server(target.location), masterKey: .text(Self.masterKey))
            await opened.database.close()
            return nil
        } catch {
            return "\(error)"
        }
    }

    func change(_ statement: SQL) async throws {
        try await target.withDatabase { database in
            _ = try await database.write { tx throws(ChatError) in try tx.execute(statement) }
        }
    }
}
