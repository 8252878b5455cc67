/// Whether two secrets are the same, in a time that tells nothing of where they differ; their lengths are no secrets.
package func areSameSecret(_ one: [UInt8], _ other: [UInt8]) -> Bool {
    one.count == other.count && zip(one, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
}
