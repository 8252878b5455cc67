import Chat
import ChatProtocol
import Database
import RostrumTesting

extension Entry {
    /// An export, imported and exported again.
    static func archiveImport(in world: World) -> Entry {
        Entry(
            "import",
            waiting: { bytes async throws(Objection) in
                guard let archive = Archive(bytes) else { return }
                let finding = await UndoneDatabase.with(over: world.installation.database) { database in
                    do throws(Objection) {
                        try await archive.judge(in: database, world.installation)
                        return nil as Objection?
                    } catch {
                        return error
                    }
                }
                if let finding { throw finding }
            }
        )
    }
}

/// An archive that is whole.
private struct Archive {
    private let header: ArchiveHeader
    private let application: ArchivedApplication
    private let rows: [ArchivedRow]
    /// As an export writes them.
    private let lines: [JSONObject]

    /// Nil unless every line is understood.
    init?(_ bytes: [UInt8]) {
        var (reader, rows, lines) = (ArchiveReader(), [ArchivedRow](), [JSONObject]())
        var application: ArchivedApplication?
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let understood = try? reader.read(Array(line)),
                let written = try? understood.json(after: Int64(lines.count))
            else { return nil }
            lines.append(written)
            switch understood {
            case .application(let archived): application = archived
            case .row(let row): rows.append(row)
            case .header, .end: break
            }
        }
        guard (try? reader.finish()) != nil, let header = reader.header, let application else { return nil }
        (self.header, self.application, self.rows, self.lines) = (header, application, rows, lines)
    }

    /// What can be read can be written, and comes out as it went in.
    func judge(in database: any Database, _ installation: TestInstallation) async throws(Objection) {
        do throws(ChatError) {
            guard try await isWritten(to: database, installation) else { return }
        } catch {
            // Only of a line is it known what is wrong with it.
            guard let fault = error.cause as? ArchiveFault, fault.line > 0 else {
                throw Objection("an archive without a fault cannot be imported: \(String(reflecting: error.cause))")
            }
            return
        }
        let exported = try await export(from: database, installation)
        for (imported, exported) in zip(lines, exported) {
            try demand(imported == exported, "\(imported.json.text) is exported as \(exported.json.text)")
        }
        try demand(exported.count == lines.count, "\(lines.count) lines are exported as \(exported.count)")
    }

    /// - Returns: false when such an application was there already.
    private func isWritten(
        to database: any Database,
        _ installation: TestInstallation
    ) async throws(ChatError) -> Bool {
        let target = ApplicationImport(
            header.application,
            database: database,
            secrets: installation.secrets,
            random: installation.random
        )
        let record = ImportRecord(lines: 2, bytes: 2, digest: "00")
        let operation = installation.operation()
        guard case .made = try await target.begin(application, record, by: operation) else { return false }
        var groups: [[ArchivedRow]] = []
        for row in rows {
            if let last = groups.last?.last, row.belongs(with: last) {
                groups[groups.count - 1].append(row)
            } else {
                groups.append([row])
            }
        }
        _ = try await target.add(groups, last: record, next: record)
        try await target.end(application, last: record, by: operation)
        return true
    }

    private func export(from database: any Database, _ installation: TestInstallation) async throws(Objection)
        -> [JSONObject]
    {
        let export = ApplicationExport(header, secrets: installation.secrets)
        do throws(ChatError) {
            return try await database.read { tx throws(ChatError) in
                var lines: [JSONObject] = []
                try export.write(after: ArchivePosition(), in: tx) { line throws(ChatError) in lines.append(line) }
                return lines
            }
        } catch {
            throw Objection("what was imported cannot be exported: \(String(reflecting: error.cause))")
        }
    }
}
