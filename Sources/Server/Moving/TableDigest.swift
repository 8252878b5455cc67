import Crypto
import Database

/// The number of a table's rows, and a checksum over all of their columns in the order of the key.
///
/// Made by the same code of what each engine gives, so it is equal exactly when every value is.
struct TableDigest: Equatable {
    private(set) var rows: Int64 = 0
    private var hash = SHA256()

    /// The checksum of the rows so far, in lower-case hexadecimal digits.
    var checksum: String {
        hash.finalize().map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
    }

    mutating func add(_ row: Row) {
        rows += 1
        // One write for a row; each value says its kind and length, so that no two rows have the same bytes.
        var bytes: [UInt8] = []
        for value in row.values {
            switch value {
            case .null: bytes.append(0)
            case .integer(let number):
                bytes.append(1)
                withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
            case .text(let text): Self.append(2, text.utf8, to: &bytes)
            case .blob(let blob): Self.append(3, blob, to: &bytes)
            }
        }
        hash.update(data: bytes)
    }

    private static func append(_ kind: UInt8, _ content: some Collection<UInt8>, to bytes: inout [UInt8]) {
        bytes.append(kind)
        withUnsafeBytes(of: UInt64(content.count).bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: content)
    }

    static func == (left: TableDigest, right: TableDigest) -> Bool {
        left.rows == right.rows && left.checksum == right.checksum
    }
}
