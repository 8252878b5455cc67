import Chat
import ChatProtocol
import Database

extension StorageMove {
    /// Reads every table on both sides, once, and compares count and checksum.
    ///
    /// - Throws: ``StartError`` that names the table in which they differ.
    func verify() async throws {
        var rows: Int64 = 0
        for table in tables {
            var original = Reading(table: table, limit: rowsInBatch)
            var copy = original
            while true {
                let hasOriginal = try await original.next(in: source)
                let hasCopy = try await copy.next(in: target)
                guard hasOriginal || hasCopy else { break }
                try await report(progress(.verifying, table, rows + original.digest.rows))
            }
            guard original.digest == copy.digest else {
                throw StartError(
                    """
                    the table \(table.name) differs: \(original.digest.rows) rows with the checksum \
                    \(original.digest.checksum) in the source, \(copy.digest.rows) with \(copy.digest.checksum) in the \
                    target; one of them was changed since the move was begun: empty the target and begin again, with \
                    nothing else at work on either
                    """
                )
            }
            rows += original.digest.rows
            try await report(progress(.verifying, table, rows, isTableDone: true))
        }
    }

    /// One side's pass over a table.
    private struct Reading {
        let table: Table
        let limit: Int
        var digest = TableDigest()
        private var position: [SQLValue]?

        init(table: Table, limit: Int) {
            (self.table, self.limit) = (table, limit)
        }

        /// - Returns: whether there were rows.
        mutating func next(in database: any Database) async throws(ChatError) -> Bool {
            let page = table.page(after: position, limit: limit)
            let rows = try await database.read { tx throws(ChatError) in try tx.rows(page) }
            guard let last = rows.last else { return false }
            position = table.key(of: last)
            for row in rows where !isMoveRecord(row) { digest.add(row) }
            return true
        }

        /// The only row that the target has for itself.
        private func isMoveRecord(_ row: Row) -> Bool {
            table.name == "storage_properties" && table.key(of: row) == [.text(StorageProperty.move.rawValue)]
        }
    }
}
