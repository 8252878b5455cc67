import CLibpq
import Database

/// The values of a statement as libpq takes them: all in binary, which needs no quoting and keeps every byte.
struct Parameters {
    /// The types' numbers in PostgreSQL's catalogue, which are the same everywhere.
    enum TypeID {
        static let boolean: Oid = 16
        static let bytes: Oid = 17
        static let name: Oid = 19
        static let int8: Oid = 20
        static let int2: Oid = 21
        static let int4: Oid = 23
        static let text: Oid = 25
        static let varchar: Oid = 1043
        static let numeric: Oid = 1700
        /// The server finds out what is wanted in the place.
        static let unknown: Oid = 0
    }

    private(set) var types: [Oid] = []
    private var bytes: [UInt8] = []
    /// Where each value stands in `bytes`; nil for null.
    private var ranges: [Range<Int>?] = []

    init(_ values: [SQLValue]) {
        types.reserveCapacity(values.count)
        ranges.reserveCapacity(values.count)
        for value in values {
            let start = bytes.count
            switch value {
            case .null:
                types.append(TypeID.unknown)
                ranges.append(nil)
                continue
            case .integer(let number):
                types.append(TypeID.int8)
                withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
            case .text(let text):
                types.append(TypeID.text)
                bytes.append(contentsOf: text.utf8)
            case .blob(let blob):
                types.append(TypeID.bytes)
                bytes.append(contentsOf: blob)
            }
            ranges.append(start..<bytes.count)
        }
    }

    var count: Int { types.count }

    /// Calls `body` with the arrays that libpq wants: pointers, lengths and formats, one for each value.
    func withPointers<Value>(
        _ body: ([UnsafePointer<CChar>?], [CInt], [CInt]) -> Value
    ) -> Value {
        // An empty array has no address, and a null pointer would be a null value.
        let padded = bytes.isEmpty ? [0] : bytes
        return padded.withUnsafeBytes { buffer in
            let start = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            return body(
                ranges.map { range in range.flatMap { start?.advanced(by: $0.lowerBound) } },
                ranges.map { CInt($0?.count ?? 0) },
                Array(repeating: 1, count: ranges.count)
            )
        }
    }
}
