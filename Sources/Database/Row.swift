package import ChatProtocol

/// One row of a result; columns are read by position, in the order of the SELECT list.
///
/// A column that does not hold what the reader expects means that the file was damaged or written by something else:
/// every accessor then throws an internal fault that names the column.
package struct Row: Sendable, Hashable {
    package let values: [SQLValue]

    package init(_ values: [SQLValue]) {
        self.values = values
    }

    package func integer(_ column: Int) throws(ChatError) -> Int64 {
        guard case .integer(let value) = self[column] else { throw mismatch(column, "an integer") }
        return value
    }

    package func optionalInteger(_ column: Int) throws(ChatError) -> Int64? {
        if case .null = self[column] { return nil }
        return try integer(column)
    }

    package func bool(_ column: Int) throws(ChatError) -> Bool {
        try integer(column) != 0
    }

    package func text(_ column: Int) throws(ChatError) -> String {
        guard case .text(let value) = self[column] else { throw mismatch(column, "text") }
        return value
    }

    package func blob(_ column: Int) throws(ChatError) -> [UInt8] {
        guard case .blob(let value) = self[column] else { throw mismatch(column, "bytes") }
        return value
    }

    package func optionalText(_ column: Int) throws(ChatError) -> String? {
        if case .null = self[column] { return nil }
        return try text(column)
    }

    package func optionalBlob(_ column: Int) throws(ChatError) -> [UInt8]? {
        if case .null = self[column] { return nil }
        return try blob(column)
    }

    /// A column whose text follows a rule, such as an identifier.
    package func value<Value: RawRepresentable<String>>(
        _ column: Int,
        as type: Value.Type = Value.self
    ) throws(ChatError) -> Value {
        guard let value = Value(rawValue: try text(column)) else { throw mismatch(column, "a \(type)") }
        return value
    }

    private subscript(column: Int) -> SQLValue {
        values.indices.contains(column) ? values[column] : .null
    }

    private func mismatch(_ column: Int, _ wanted: String) -> ChatError {
        let found =
            switch self[column] {
            case .null: "null"
            case .integer: "an integer"
            case .text: "text"
            case .blob: "bytes"
            }
        return .internalFault(DatabaseError(.corrupt, "column \(column) does not hold \(wanted) but \(found)"))
    }
}
