import Foundation

/// Packs documents and streams into tokens without the library under test, whether or not they make sense.
enum Packing {
    /// A token of `document`, kept uncompressed inside its zlib stream.
    static func token(document: String) -> String { token(stream: stored(Array(document.utf8))) }

    /// A token of `stream`, whatever bytes it has.
    static func token(stream: [UInt8]) -> String {
        Data(stream).base64EncodedString()
            .replacingOccurrences(of: "+", with: "*")
            .replacingOccurrences(of: "/", with: "-")
            .replacingOccurrences(of: "=", with: "_")
    }

    /// The stream inside `token`.
    static func stream(token: String) -> [UInt8]? {
        let text =
            token
            .replacingOccurrences(of: "*", with: "+")
            .replacingOccurrences(of: "-", with: "/")
            .replacingOccurrences(of: "_", with: "=")
        return Data(base64Encoded: text).map(Array.init)
    }

    /// A zlib stream of one stored block (RFC 1951 section 3.2.4); at most 65535 bytes.
    static func stored(_ bytes: [UInt8]) -> [UInt8] {
        var (a, b): (UInt32, UInt32) = (1, 0)
        for byte in bytes {
            a = (a + UInt32(byte)) % 65_521
            b = (b + a) % 65_521
        }
        return [0x78, 0x01] + storedBlock(bytes, isFinal: true) + bigEndian(b << 16 | a)
    }

    /// A valid zlib stream of zeros: 5692 bytes for each 903 516 of them, and one zero more.
    static func zeros(blocks: Int) -> [UInt8] {
        let matchesPerBlock = 3502  // makes a block end on a byte boundary: 10 + 13 * 3502 bits
        let match: [UInt8] = [1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0]  // length 258, distance 1, in the fixed codes
        var bits: [UInt8] = [0, 1, 0]  // not the last block; fixed codes
        for _ in 0..<matchesPerBlock { bits += match }
        bits += [0, 0, 0, 0, 0, 0, 0]  // end of block
        var block = [UInt8](repeating: 0, count: bits.count / 8)
        for (index, bit) in bits.enumerated() { block[index / 8] |= bit << UInt8(index % 8) }

        let count = 1 + 258 * matchesPerBlock * blocks
        let body = storedBlock([0], isFinal: false) + Array(repeatElement(block, count: blocks).joined())
        return [0x78, 0x01] + body + storedBlock([], isFinal: true) + bigEndian(UInt32(count % 65_521) << 16 | 1)
    }

    private static func storedBlock(_ bytes: [UInt8], isFinal: Bool) -> [UInt8] {
        let length = UInt16(bytes.count)
        let header = [length, ~length].flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
        return [isFinal ? 1 : 0] + header + bytes
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian, Array.init) }
}
