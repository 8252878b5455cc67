import Chat
import ChatProtocol
import Database

// The beginning and the end of a move, as the target knows it.
extension StorageMove {
    /// Makes the target's tables and writes down the move, or finds one that was begun.
    ///
    /// - Parameter new: what is written down when nothing was begun.
    /// - Returns: how far the move has come.
    func begin(_ new: MoveRecord) async throws(ChatError) -> MoveRecord {
        // Before the schema is touched, which is not ours where there is an installation.
        if let newest = try await target.newestMigration(), newest > 0 {
            try await target.read { tx throws(ChatError) in
                guard try MoveRecord.find(in: tx) == nil else { return }
                // An installation has properties from the first time that it is opened.
                guard try tx.row("SELECT name FROM storage_properties LIMIT 1") == nil else { throw Self.notEmpty }
            }
        }
        try await target.migrate(Schema.migrations)
        let tables = tables
        return try await target.write { tx throws(ChatError) in
            if let record = try MoveRecord.find(in: tx) {
                try Self.check(record, against: new)
                return record
            }
            for table in tables {
                guard try tx.row(table.page(after: nil, limit: 1)) == nil else { throw Self.notEmpty }
            }
            try new.write(in: tx)
            return new
        }
    }

    /// Makes the target an installation that nodes may open.
    func end(_ record: MoveRecord) async throws(ChatError) {
        var ended = record
        ended.isFinished = true
        let last = ended
        try await target.write { tx throws(ChatError) in try last.replace(record, in: tx) }
    }

    private static func check(_ record: MoveRecord, against new: MoveRecord) throws(ChatError) {
        guard record.installation == new.installation else {
            throw refusal("a move of another installation was begun to the target; give an empty one")
        }
        guard !record.isFinished else {
            throw refusal("the installation was moved to the target already, and verified; nothing is left to do")
        }
        guard record.schema == new.schema else {
            throw refusal(
                """
                the move was begun by a version with schema \(record.schema), and this one has \(new.schema); go on with \
                that version, or give an empty target
                """
            )
        }
    }

    private static let notEmpty = refusal(
        "the target holds an installation already; give an empty database, or an empty schema of one"
    )

    private static func refusal(_ text: String) -> ChatError {
        .internalFault(DatabaseError(.unavailable, text))
    }
}
