/// A generator for `random(in:using:)` that gives the same numbers for the same seed.
package struct SeededGenerator: RandomNumberGenerator {
    private let source: SeededRandom

    package init(seed: UInt64) {
        source = SeededRandom(seed: seed)
    }

    package mutating func next() -> UInt64 {
        source.bytes(8).reduce(0) { $0 << 8 | UInt64($1) }
    }
}
