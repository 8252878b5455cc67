package import ChatProtocol
package import Database

/// Writes the things of an archive into a storage; what is there already is compared, and never there twice.
///
/// An application that it makes is off until the end, so that nobody sees a half of it. Channels get new incarnations, and
/// with these other `Epoch`s: what is imported may be an older state than somebody has seen.
package struct ApplicationImport: Sendable {
    /// What became of a batch.
    package struct Batch: Sendable, Equatable {
        package let added: Int
        package let present: Int
    }

    /// How an import begins.
    package enum Beginning: Sendable, Equatable {
        /// The application was made, with a new key when the archive has none.
        case made(ImportRecord)
        /// Such an application was there.
        case found(ImportRecord?)
    }

    package let application: SDKAppID
    private let database: any Database
    private let table: ApplicationTable
    private let random: any RandomSource

    package init(_ application: SDKAppID, database: any Database, secrets: SecretBox, random: any RandomSource) {
        (self.application, self.database, self.random) = (application, database, random)
        table = ApplicationTable(secrets: secrets, overrides: [:])
    }

    /// How far an import of the application has come, nil when none is under way.
    package func record() async throws(ChatError) -> ImportRecord? {
        try await database.read { [application] tx throws(ChatError) in
            try ImportRecord.find(of: application, in: tx)
        }
    }

    /// Makes the application, or compares it with the one that is there.
    ///
    /// - Parameter record: what is kept when it is made.
    /// - Throws: an internal fault caused by an ``ArchiveFault`` when another application has the number.
    package func begin(
        _ archived: ArchivedApplication,
        _ record: ImportRecord,
        by operation: Operation
    ) async throws(ChatError) -> Beginning {
        try await database.write(of: .application(application)) { [self] tx throws(ChatError) in
            if let existing = try table.find(application, in: tx) {
                guard archived.isSame(as: existing) else {
                    throw fault(2, "there is another application \(application), with other settings, keys or admins")
                }
                return .found(try ImportRecord.find(of: application, in: tx))
            }
            let key = NewApplication.makeKey(random)
            try table.add(archived, as: application, otherwise: key, webhookSecret: random.hex(bytes: 32), in: tx)
            try record.write(of: application, in: tx)
            try Audit.record(operation.entry("import begins", of: application), of: application, in: tx)
            return .made(record)
        }
    }

    /// Adds rows, and compares those that are there.
    ///
    /// - Parameters:
    ///   - groups: in their order; each has at least one row, and all of it is of one kind and of one channel.
    ///   - last: the record as this import wrote it last; nil when it has none.
    ///   - next: what takes its place.
    /// - Throws: an internal fault caused by an ``ArchiveFault`` that names the line, when a row is there and differs.
    package func add(
        _ groups: [[ArchivedRow]],
        last: ImportRecord?,
        next: ImportRecord
    ) async throws(ChatError) -> Batch {
        try await database.write(of: .application(application)) { [self] tx throws(ChatError) in
            if let last { try replace(last, by: next, in: tx) }
            var (added, present) = (0, 0)
            for rows in groups {
                let new = try add(rows, in: tx)
                added += new
                present += rows.count - new
            }
            return Batch(added: added, present: present)
        }
    }

    /// - Returns: how many rows were not there.
    private func add(_ rows: [ArchivedRow], in tx: any Transaction) throws(ChatError) -> Int {
        let (kind, channel) = (rows[0].kind, rows[0].channel)
        var place: ChannelRows?
        if let channel {
            place = try ChannelRows(of: channel, application, in: tx)
            guard place != nil else { throw fault(rows[0].line, "there is no channel \(channel) any more") }
        }
        let isChannel = kind.name == ArchiveKind.channel.name
        let added = try kind.insert(
            rows.map(\.values),
            of: application,
            place,
            incarnations: isChannel ? rows.map { _ in random.number() } : [],
            in: tx
        )
        try compare(rows.filter { !added.contains($0.key) }, kind, place, in: tx)
        guard !added.isEmpty else { return 0 }
        try demandOff(rows.first { added.contains($0.key) }?.line ?? 0, in: tx)
        try settle(added, of: kind, in: tx)
        return added.count
    }

    /// Switches the application on, if it is to be, and forgets the import.
    ///
    /// - Parameter last: the record as this import wrote it last; nil when it has none.
    package func end(
        _ archived: ArchivedApplication,
        last: ImportRecord?,
        by operation: Operation
    ) async throws(ChatError) {
        guard let last else { return }
        try await database.write(of: .application(application)) { [self] tx throws(ChatError) in
            guard try ImportRecord.find(of: application, in: tx) == last else { throw Self.otherImport }
            var change = ApplicationChange()
            change.isEnabled = archived.isEnabled
            try table.update(application, change, in: tx)
            try ImportRecord.remove(of: application, in: tx)
            try Audit.record(operation.entry("import", of: application, step: 1), of: application, in: tx)
        }
    }

    private func compare(
        _ rows: [ArchivedRow],
        _ kind: ArchiveKind,
        _ place: ChannelRows?,
        in tx: any Transaction
    ) throws(ChatError) {
        guard !rows.isEmpty else { return }
        let stored = try kind.rows(of: application, place, keys: rows.map(\.key), in: tx)
        for row in rows {
            let values = stored[row.key] ?? []
            let different = zip(kind.members, zip(row.values, values)).filter { !$0.1.0.isSame(as: $0.1.1) }
            guard values.count == row.values.count, different.isEmpty else {
                let names = different.map(\.0.name).joined(separator: ", ")
                throw fault(row.line, "it is there already, and differs in \(names.isEmpty ? "everything" : names)")
            }
        }
    }

    private func replace(
        _ last: ImportRecord,
        by next: ImportRecord,
        in tx: any Transaction
    ) throws(ChatError) {
        guard try ImportRecord.find(of: application, in: tx) == last else { throw Self.otherImport }
        try next.write(of: application, in: tx)
    }

    /// What is added to an application in use would be seen bit by bit.
    private func demandOff(_ line: Int, in tx: any Transaction) throws(ChatError) {
        guard try table.demand(application, in: tx).isEnabled else { return }
        throw fault(
            line,
            """
            it is not there, and application \(application) answers calls: nothing is added to it; \
            `rostrum app set \(application) --disable-serving` first
            """
        )
    }

    /// Does what has to follow when rows of a kind were added.
    private func settle(_ added: Set<SQLValue>, of kind: ArchiveKind, in tx: any Transaction) throws(ChatError) {
        switch kind.name {
        case ArchiveKind.channel.name: try Usage.release(channels: -added.count, of: application, in: tx)
        case ArchiveKind.account.name:
            try Usage.release(accounts: -added.count, of: application, in: tx)
            // What is left of an earlier account of the name would be swept up with what is imported for this one.
            guard try DeletedSubscribers.exist(of: application, in: tx) else { return }
            for case .text(let name) in added {
                guard let user = UserID(rawValue: name) else { continue }
                try DeletedSubscribers.finish(user, of: application, in: tx)
            }
        default: break
        }
    }

    private func fault(_ line: Int, _ problem: String) -> ChatError {
        .internalFault(ArchiveFault(line: line, problem))
    }

    private static let otherImport = ChatError.internalFault(
        DatabaseError(.unavailable, "another `rostrum import` writes the same application")
    )
}

extension SQLValue {
    /// Whether both are the same bytes; `==` takes canonically equivalent texts for the same.
    fileprivate func isSame(as other: SQLValue) -> Bool {
        guard case .text(let one) = self, case .text(let two) = other else { return self == other }
        return one.utf8.elementsEqual(two.utf8)
    }
}
