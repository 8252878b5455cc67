/// Where identifiers and secrets take their randomness from.
package protocol RandomSource: Sendable {
    /// So many uniformly random bytes.
    func bytes(_ count: Int) -> [UInt8]
}

/// The operating system's cryptographic generator.
package struct SystemRandomSource: RandomSource {
    package init() {}

    package func bytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}

extension RandomSource {
    /// Random bytes as lower-case hexadecimal digits, two a byte.
    package func hex(bytes count: Int) -> String {
        hexadecimal(bytes(count))
    }
}
