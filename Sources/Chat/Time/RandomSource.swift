/// Where identifiers and secrets take their randomness from.
package protocol RandomSource: Sendable {
    /// So many uniformly random bytes.
    func bytes(_ count: Int) -> [UInt8]
}

/// The operating system's cryptographic generator.
package struct SystemRandomSource: RandomSource {
    package init() {}

    package func bytes(_ count: Int) -> [UInt8] {
        // Each word is a system call, so every byte of it is used.
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 7)
        while bytes.count < count {
            withUnsafeBytes(of: generator.next() as UInt64) { bytes.append(contentsOf: $0) }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}

extension RandomSource {
    /// 52 random bits: a JavaScript number holds them exactly.
    package func number() -> Int64 {
        bytes(7).reduce(Int64(0)) { $0 << 8 | Int64($1) } & 0xF_FFFF_FFFF_FFFF
    }

    /// Random bytes as lower-case hexadecimal digits, two a byte.
    package func hex(bytes count: Int) -> String {
        hexadecimal(bytes(count))
    }
}
