/// A table as a storage has it, and the statements that read and fill it whatever it is of.
package struct Table: Sendable, Hashable {
    package let name: String
    package let columns: [String]
    /// The columns of the primary key, in its order; they are among ``columns``.
    package let key: [String]

    package init(name: String, columns: [String], key: [String]) {
        (self.name, self.columns, self.key) = (name, columns, key)
    }

    /// Reads the rows that come next in the order of the key.
    ///
    /// - Parameter position: the key of the last row that was read; nil for the first rows.
    package func page(after position: [SQLValue]?, limit: Int) -> SQL {
        var parts = SQL.Parts(literalCapacity: 512, interpolationCount: key.count + 1)
        parts.appendLiteral("SELECT \(Self.list(columns)) FROM \(Self.quoted(name))")
        if let position {
            parts.appendLiteral(" WHERE (\(Self.list(key))) > (")
            parts.appendInterpolation(list: position)
            parts.appendLiteral(")")
        }
        parts.appendLiteral(" ORDER BY \(Self.list(key)) LIMIT ")
        parts.appendInterpolation(limit)
        return SQL(stringInterpolation: parts)
    }

    /// Adds rows as ``page(after:limit:)`` gave them; never none.
    package func insert(_ rows: some Collection<Row>) -> SQL {
        var parts = SQL.Parts(literalCapacity: 512, interpolationCount: rows.count * columns.count)
        parts.appendLiteral("INSERT INTO \(Self.quoted(name)) (\(Self.list(columns))) VALUES ")
        parts.appendInterpolation(rows: rows.map { $0.values })
        return SQL(stringInterpolation: parts)
    }

    /// Counts all rows.
    package var count: SQL {
        SQL(stringLiteral: "SELECT count(*) FROM \(Self.quoted(name))")
    }

    /// The key of a row that ``page(after:limit:)`` gave.
    package func key(of row: Row) -> [SQLValue] {
        key.compactMap { column in columns.firstIndex(of: column).map { row.values[$0] } }
    }

    private static func list(_ names: [String]) -> String {
        names.map(quoted).joined(separator: ", ")
    }

    private static func quoted(_ name: String) -> String {
        "\"\(name)\""
    }
}
