package import ChatProtocol
package import Database

extension Table {
    /// Every table of a SQLite storage, in the order of their names.
    ///
    /// - Throws: an internal fault when one has no primary key, without which its rows have no order of their own.
    package static func all(inSQLite tx: any Transaction) throws(ChatError) -> [Table] {
        let names = try tx.rows(
            #"SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name"#
        )
        return try names.map { row throws(ChatError) in try table(try row.text(0), in: tx) }
    }

    private static func table(_ name: String, in tx: any Transaction) throws(ChatError) -> Table {
        let columns = try tx.rows("SELECT name, pk FROM pragma_table_info(\(name)) ORDER BY cid")
            .map { row throws(ChatError) in (name: try row.text(0), place: try row.integer(1)) }
        let key = columns.filter { $0.place > 0 }.sorted { $0.place < $1.place }
        guard !key.isEmpty else {
            throw .internalFault(DatabaseError(.statement, "the table \(name) has no primary key"))
        }
        return Table(name: name, columns: columns.map(\.name), key: key.map(\.name))
    }
}
