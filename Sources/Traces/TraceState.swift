/// The value of a header `tracestate`: a list of what tracing systems say to each other, passed on as it is.
///
/// Source: W3C Trace Context, section 3.3, with the keys of level 2, which are those of level 1 and more.
package struct TraceState: Sendable, Equatable {
    /// In bytes; what is longer is dropped whole, as the standard allows.
    package static let longest = 512
    package static let mostMembers = 32

    /// The members, with a comma between two and nothing else.
    package let text: String

    /// - Parameter header: its value; where there were several headers, all of them with commas between.
    /// - Returns: nil when there is nothing in it, or when anything in it is not allowed.
    package init?(_ header: String) {
        guard header.utf8.count <= Self.longest else { return nil }
        var members: [Substring] = []
        var keys: Set<Substring> = []
        for part in header.split(separator: ",", omittingEmptySubsequences: true) {
            let member = Self.trimmed(part)
            guard !member.isEmpty else { continue }
            guard let equals = member.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            let (key, value) = (member[..<equals], member[member.utf8.index(after: equals)...])
            guard Self.isKey(key), Self.isValue(value), keys.insert(key).inserted else { return nil }
            members.append(member)
        }
        guard (1...Self.mostMembers).contains(members.count) else { return nil }
        text = members.joined(separator: ",")
    }

    private static func trimmed(_ part: Substring) -> Substring {
        func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
        let start = part.drop(while: isBlank)
        guard let last = start.lastIndex(where: { !isBlank($0) }) else { return "" }
        return start[...last]
    }

    private static func isKey(_ key: Substring) -> Bool {
        guard let first = key.utf8.first, key.utf8.count <= 256, isLetter(first) || isDigit(first) else { return false }
        return key.utf8.allSatisfy { byte in
            isLetter(byte) || isDigit(byte) || "_-*/@".utf8.contains(byte)
        }
    }

    private static func isValue(_ value: Substring) -> Bool {
        (1...256).contains(value.utf8.count)
            && value.utf8.allSatisfy { (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "=") }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
