import Chat
import ChatProtocol
import EventBus
import FoundationEssentials
import RostrumTesting
import Server

/// An application with something of every kind in it, in a storage of either engine, and a place for files.
struct ExportedApplication {
    let storage: OpenStorage
    let installation: TestInstallation
    let place: String

    static func with(
        _ engine: StorageEngine,
        _ body: (ExportedApplication) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { place in
            try await withOpenedStorage(on: engine) { _, storage in
                let exported = ExportedApplication(
                    storage: storage,
                    installation: TestInstallation(database: storage.database),
                    place: place
                )
                try await MovableInstallation.fill(exported.installation)
                try await exported.fillMore()
                try await body(exported)
            }
        }
    }

    /// Everything that leaves its own traces in the rows.
    private func fillMore() async throws {
        _ = try await installation.broadcasts.recall(
            ["2_1_\(ManualClock.start.seconds)"],
            reason: "a slip",
            in: .news,
            for: installation.call()
        )
        try await installation.subscribers.markRead(upTo: 3, in: .news, for: installation.call(as: UserID("anna")))
        try await installation.subscribers.setMessageFlag(
            .discard,
            in: .news,
            for: installation.call(as: UserID("bob"))
        )
        try await installation.subscribers.setCustomString(
            "VIP \u{1}\"é",
            of: "carl",
            in: .news,
            for: installation.call()
        )
        try await installation.accounts.kick(UserID("dora"), for: installation.call())
        _ = try await installation.accounts.delete([UserID("emil")], for: installation.call())
        try await installation.channels.modify(.news, .example(name: "Ha\u{301}fen"), for: installation.call())
        _ = try await installation.channels.create(
            .example(id: ChannelID("@TOA#_empty"), owner: UserID("anna")),
            for: installation.call()
        )
        let body = try MessageBody([
            .object(["MsgType": .string("TIMCustomElem"), "MsgContent": .object(["Data": .string("{\"a\":1.50}")])])
        ])
        var online = NewBroadcast(channel: .news, random: 4_294_967_295, body: body)
        online.isOnlineOnly = true
        _ = try await installation.broadcasts.send(online, for: installation.call())
        var rich = NewBroadcast(channel: .news, random: 0, body: body)
        rich.cloudCustomData = "\u{2028} data \u{7F}"
        rich.pushInfo = try OfflinePushInfo(["PushFlag": .integer(0), "Title": .string("t"), "Unknown": .null])
        let key = try await installation.broadcasts.send(rich, for: installation.call())
        let channels = try await installation.channels.find(
            [.news],
            of: installation.application(),
            at: installation.clock.now
        )
        _ = try await installation.receipts.add([
            BroadcastDelivery(
                reference: ChannelReference(
                    application: .example,
                    channel: .news,
                    incarnation: channels[0]?.incarnation ?? 0
                ),
                seq: key.seq,
                online: 3,
                written: 2,
                lagging: 1,
                lastWriteMilliseconds: 12
            )
        ])
    }

    func file(_ name: String) -> String { "\(place)/\(name)" }

    @discardableResult
    func export(_ name: String, withSecrets: Bool = true, of other: OpenStorage? = nil) async throws
        -> ArchiveExport.Summary
    {
        try await ArchiveExport.run(.example, of: other ?? storage, to: file(name), withSecrets: withSecrets)
    }

    /// Exports until every line is written, and leaves what an export leaves then that is killed.
    ///
    /// - Returns: the draft.
    @discardableResult
    func stopExport(_ name: String, withSecrets: Bool = true) async throws -> Data {
        let path = file(name)
        do {
            _ = try await ArchiveExport.run(.example, of: storage, to: path, withSecrets: withSecrets) { lines, all in
                // It overwrites nothing, and so does not come to its end.
                if lines == all { _ = try? writeFile(path, "in the way") }
            }
        } catch is StartError {
            try FileManager.default.removeItem(atPath: path)
        }
        return contents("\(name).partial")
    }

    /// Leaves so much of a stopped export, under another name.
    func copyStopped(_ name: String, as other: String, bytes: Int) throws {
        try contents("\(name).partial").prefix(bytes).write(to: URL(filePath: file("\(other).partial")))
        try contents("\(name).partial.mark").write(to: URL(filePath: file("\(other).partial.mark")))
    }

    /// Switches the application on or off.
    func serve(_ isEnabled: Bool) async throws {
        var change = ApplicationChange()
        change.isEnabled = isEnabled
        _ = try await installation.applications.update(.example, change, by: installation.operation())
    }

    @discardableResult
    func `import`(
        _ name: String,
        into other: OpenStorage,
        report: @escaping (ArchiveImport.Stage, Int, Int) async throws -> Void = { _, _, _ in }
    ) async throws -> ArchiveImport.Summary {
        let operation = installation.operation()
        // So few that an import has many batches, some of them with rows of several kinds.
        let archive = try await ArchiveImport.judged(file(name), report: report)
        return try await archive.write(into: other, by: operation, rowsInBatch: 3)
    }

    /// What is said when a file cannot be imported; nil when it can.
    func refusal(importing name: String, into other: OpenStorage) async -> String? {
        do {
            try await self.import(name, into: other)
            return nil
        } catch {
            return "\(error)"
        }
    }

    func contents(_ name: String) -> Data { FileManager.default.contents(atPath: file(name)) ?? Data() }

    /// The lines of a file, without what ends them.
    func lines(_ name: String) -> [String] {
        String(decoding: contents(name), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    func write(_ name: String, _ lines: [String]) throws {
        try writeFile(file(name), lines.map { $0 + "\n" }.joined())
    }
}
