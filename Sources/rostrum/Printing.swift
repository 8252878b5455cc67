import Chat
import FoundationEssentials

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Prints a line at once, also into a pipe.
///
/// Characters that would command the terminal are printed as `\u001b`, which inside JSON is what they are.
@Sendable func printLine(_ line: String) {
    print(line.escapingControls(keepingNewlines: true))
    fflush(nil)
}

/// Tells on standard error what whoever runs the command is to know.
@Sendable func printWarning(_ text: String) {
    printToStandardError("Warning: \(text.asOneLine)\n")
}

func printToStandardError(_ text: String) {
    let bytes = Array(text.utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
}

extension String {
    /// The text as one line that shows what is in it, whoever wrote it.
    var asOneLine: String { escapingControls(keepingNewlines: false) }

    /// Escaped are all control characters, line and paragraph separators, and the marks that turn the direction of
    /// text, as in the log.
    fileprivate func escapingControls(keepingNewlines: Bool) -> String {
        var escaped = ""
        for scalar in unicodeScalars {
            switch scalar.value {
            case 0x0A where keepingNewlines: escaped.unicodeScalars.append(scalar)
            case 0x0A: escaped += "\\n"
            case 0x0D: escaped += "\\r"
            case 0x09: escaped += "\\t"
            case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069:
                let digits = String(scalar.value, radix: 16)
                escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}

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
