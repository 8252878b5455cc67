import ChatProtocol
import Database

extension StorageMove {
    /// Values in one statement, within what PostgreSQL takes.
    private static let valuesInStatement = 2000

    /// Copies what is not there yet.
    ///
    /// - Parameter record: how far the move has come.
    func copy(_ record: inout MoveRecord) async throws {
        for table in tables {
            if let last = record.table, table.name < last { continue }
            while try await copyBatch(of: table, &record) {
                try await report(progress(.copying, table, record.rows))
            }
            try await report(progress(.copying, table, record.rows, isTableDone: true))
        }
    }

    /// - Returns: whether there were rows to copy.
    private func copyBatch(of table: Table, _ record: inout MoveRecord) async throws(ChatError) -> Bool {
        let position = record.table == table.name ? record.key.map(\.value) : nil
        let limit = rowsInBatch
        let rows = try await source.read { tx throws(ChatError) in
            try tx.rows(table.page(after: position, limit: limit))
        }
        guard let last = rows.last else { return false }
        let before = record
        record.table = table.name
        record.key = table.key(of: last).compactMap { KeyPart($0) }
        record.rows += Int64(rows.count)
        let after = record
        let rowsInStatement = max(1, Self.valuesInStatement / table.columns.count)
        try await target.write { tx throws(ChatError) in
            try after.replace(before, in: tx)
            for start in stride(from: 0, to: rows.count, by: rowsInStatement) {
                try tx.execute(table.insert(rows[start..<min(start + rowsInStatement, rows.count)]))
            }
        }
        return true
    }

    func progress(
        _ stage: MoveReport.Stage,
        _ table: Table,
        _ rows: Int64,
        isTableDone: Bool = false
    ) -> MoveReport {
        MoveReport(stage: stage, table: table.name, isTableDone: isTableDone, rows: rows, allRows: allRows)
    }
}
