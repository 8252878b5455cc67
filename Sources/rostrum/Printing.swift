import Chat
import FoundationEssentials

/// Prints one JSON value with its members in order.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    printLine(String(decoding: try encoder.encode(value), as: UTF8.self))
}

extension Timestamp {
    /// The moment in UTC, as people and scripts read it.
    var iso8601: String {
        Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
    }
}
