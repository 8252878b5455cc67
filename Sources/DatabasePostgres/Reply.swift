import CLibpq
import Database

/// What the server answered to one statement; lives as long as it is looked at.
struct Reply: ~Copyable {
    private let result: OpaquePointer

    init(_ result: OpaquePointer) {
        self.result = result
    }

    deinit {
        PQclear(result)
    }

    /// What was done, as "INSERT 0 1" or "COMMIT".
    var command: String { PQcmdStatus(result).map { String(cString: $0) } ?? "" }

    /// How many rows the statement changed; none for a query or a definition.
    var changedRows: Int {
        let command = command
        guard let verb = command.split(separator: " ").first, ["INSERT", "UPDATE", "DELETE"].contains(verb) else {
            return 0
        }
        return command.split(separator: " ").last.flatMap { Int($0) } ?? 0
    }

    var rowCount: Int { Int(PQntuples(result)) }

    /// - Parameter limit: rows that are wanted at most.
    /// - Throws: a column whose type no feature uses, by its name.
    func rows(upTo limit: Int = .max) throws(DatabaseError) -> [Row] {
        let columns = (0..<PQnfields(result)).map { (index: $0, type: PQftype(result, $0)) }
        var rows: [Row] = []
        for row in 0..<min(rowCount, limit) {
            var values: [SQLValue] = []
            values.reserveCapacity(columns.count)
            for column in columns { values.append(try value(CInt(row), column.index, column.type)) }
            rows.append(Row(values))
        }
        return rows
    }

    /// The first value, where it is a whole number.
    var integer: Int64? {
        (try? rows(upTo: 1))?.first.flatMap { try? $0.integer(0) }
    }

    private func value(_ row: CInt, _ column: CInt, _ type: Oid) throws(DatabaseError) -> SQLValue {
        guard PQgetisnull(result, row, column) == 0 else { return .null }
        let bytes = UnsafeRawBufferPointer(
            start: PQgetvalue(result, row, column),
            count: Int(PQgetlength(result, row, column))
        )
        switch type {
        case Parameters.TypeID.int8 where bytes.count == 8:
            return .integer(Int64(bigEndian: bytes.loadUnaligned(as: Int64.self)))
        case Parameters.TypeID.int4 where bytes.count == 4:
            return .integer(Int64(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self))))
        case Parameters.TypeID.int2 where bytes.count == 2:
            return .integer(Int64(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self))))
        case Parameters.TypeID.boolean where bytes.count == 1:
            return .integer(bytes[0] == 0 ? 0 : 1)
        case Parameters.TypeID.text, Parameters.TypeID.varchar, Parameters.TypeID.name:
            return .text(String(decoding: bytes, as: UTF8.self))
        case Parameters.TypeID.bytes:
            return .blob(Array(bytes))
        case Parameters.TypeID.numeric:
            if let number = Self.integer(numeric: bytes) { return .integer(number) }
        default: break
        }
        let name = PQfname(result, column).map { String(cString: $0) } ?? ""
        throw DatabaseError(.statement, "column \(name) is of a type that is not read here (\(type))")
    }

    /// The whole number in PostgreSQL's `numeric`, which a sum of BIGINT is; nil for any other.
    private static func integer(numeric bytes: UnsafeRawBufferPointer) -> Int64? {
        func word(_ index: Int) -> Int64 {
            Int64(Int16(bigEndian: bytes.loadUnaligned(fromByteOffset: index * 2, as: Int16.self)))
        }
        guard bytes.count >= 8 else { return nil }
        let (count, weight, sign) = (Int(word(0)), Int(word(1)), word(2))
        guard bytes.count == 8 + count * 2, sign == 0 || sign == 0x4000, count <= weight + 1, weight < 5 else {
            return nil
        }
        var number: Int64 = 0
        // Digits of base 10000; zeros at the end are left out. Counted downwards, so that the least Int64 fits.
        for place in 0..<max(0, weight + 1) {
            let digit = place < count ? word(4 + place) : 0
            let (shifted, tooLarge) = number.multipliedReportingOverflow(by: 10_000)
            let (sum, overflow) = shifted.subtractingReportingOverflow(digit)
            guard !tooLarge, !overflow else { return nil }
            number = sum
        }
        guard sign == 0 else { return number }
        return number == .min ? nil : -number
    }
}
