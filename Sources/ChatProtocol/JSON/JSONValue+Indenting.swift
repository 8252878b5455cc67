extension JSONValue {
    /// The value as JSON text for people: a member or item a line, two spaces further in at each level.
    ///
    /// Members keep their order and numbers their text; what holds nothing but strings and numbers stays on its line.
    package var indentedText: String {
        indentedText(atMost: .max) ?? ""
    }

    /// The same; nil when it would be longer than `most` bytes, which is found out before it is written.
    package func indentedText(atMost most: Int) -> String? {
        var bytes: [UInt8] = []
        write(to: &bytes, indentedBy: 0, atMost: most)
        return bytes.count <= most ? String(decoding: bytes, as: UTF8.self) : nil
    }

    /// - Parameter most: beyond so many bytes nothing is begun any more.
    private func write(to output: inout [UInt8], indentedBy depth: Int, atMost most: Int) {
        guard output.count <= most else { return }
        switch self {
        case .null, .bool, .number, .string:
            write(to: &output)
        case .array(let items):
            guard !items.allSatisfy(\.isScalar) else { return write(to: &output) }
            Self.write(items, between: ("[", "]"), to: &output, indentedBy: depth, atMost: most) { item, output in
                item.write(to: &output, indentedBy: depth + 1, atMost: most)
            }
        case .object(let object):
            guard !object.members.isEmpty else { return write(to: &output) }
            Self.write(object.members, between: ("{", "}"), to: &output, indentedBy: depth, atMost: most) {
                member,
                output in
                JSONValue.string(member.name).write(to: &output)
                output += ": ".utf8
                member.value.write(to: &output, indentedBy: depth + 1, atMost: most)
            }
        }
    }

    private static func write<Part>(
        _ parts: [Part],
        between marks: (String, String),
        to output: inout [UInt8],
        indentedBy depth: Int,
        atMost most: Int,
        _ part: (Part, inout [UInt8]) -> Void
    ) {
        output += marks.0.utf8
        for (position, one) in parts.enumerated() where output.count <= most {
            output += (position > 0 ? ",\n" : "\n").utf8
            output += repeatElement(UInt8(ascii: " "), count: 2 * (depth + 1))
            part(one, &output)
        }
        output += "\n".utf8
        output += repeatElement(UInt8(ascii: " "), count: 2 * depth)
        output += marks.1.utf8
    }

    private var isScalar: Bool {
        switch self {
        case .null, .bool, .number, .string: true
        case .array, .object: false
        }
    }
}
