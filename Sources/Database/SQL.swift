/// A statement and the values bound to it.
///
/// Written as a string literal; every `\(value)` becomes a bound parameter `$1`, `$2` …, never text of the statement,
/// so a value cannot change what the statement says.
///
/// ```swift
/// try tx.execute("DELETE FROM channels WHERE app = \(app) AND id = \(channel)")
/// ```
///
/// Statements keep to what SQLite and PostgreSQL both understand.
package struct SQL: Sendable, ExpressibleByStringInterpolation {
    package let text: String
    package let values: [SQLValue]

    package init(stringLiteral text: String) {
        (self.text, values) = (text, [])
    }

    package init(stringInterpolation parts: Parts) {
        (text, values) = (parts.text, parts.values)
    }

    package struct Parts: StringInterpolationProtocol {
        /// `$0`, `$1` and so on, ready to be appended.
        private static let places = (0...512).map { "$\($0)" }

        fileprivate var text = ""
        fileprivate var values: [SQLValue] = []

        package init(literalCapacity: Int, interpolationCount: Int) {
            text.reserveCapacity(literalCapacity + interpolationCount * 4)
            values.reserveCapacity(interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) {
            text += literal
        }

        package mutating func appendInterpolation(_ value: some SQLBindable) {
            append(value.sqlValue)
        }

        package mutating func appendInterpolation(_ value: (some SQLBindable)?) {
            append(value?.sqlValue ?? .null)
        }

        /// Values for an `IN (…)`, as many as there are; never none.
        ///
        /// Each number of them is a statement of its own, which an engine keeps prepared: bound it.
        package mutating func appendInterpolation(list values: some Collection<some SQLBindable>) {
            var isFirst = true
            for value in values {
                if !isFirst { text += ", " }
                isFirst = false
                append(value.sqlValue)
            }
        }

        /// Rows for `VALUES`, each in parentheses; never none.
        ///
        /// Each number of them is a statement of its own, which an engine keeps prepared: bound it.
        package mutating func appendInterpolation(rows: [[any SQLBindable]]) {
            var isFirst = true
            for row in rows {
                text += isFirst ? "(" : ", ("
                isFirst = false
                appendInterpolation(list: row.map(\.sqlValue))
                text += ")"
            }
        }

        private mutating func append(_ value: SQLValue) {
            values.append(value)
            let number = values.count
            text += number < Self.places.count ? Self.places[number] : "$\(number)"
        }
    }
}

/// A value that a column can hold.
package enum SQLValue: Sendable, Hashable {
    case null
    case integer(Int64)
    case text(String)
    case blob([UInt8])
}

/// A type whose values can be bound to a statement.
package protocol SQLBindable {
    var sqlValue: SQLValue { get }
}

extension SQLValue: SQLBindable {
    package var sqlValue: SQLValue { self }
}

extension Int64: SQLBindable {
    package var sqlValue: SQLValue { .integer(self) }
}

extension Int: SQLBindable {
    package var sqlValue: SQLValue { .integer(Int64(self)) }
}

extension Bool: SQLBindable {
    package var sqlValue: SQLValue { .integer(self ? 1 : 0) }
}

extension String: SQLBindable {
    package var sqlValue: SQLValue { .text(self) }
}

extension [UInt8]: SQLBindable {
    package var sqlValue: SQLValue { .blob(self) }
}
