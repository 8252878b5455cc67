/// One JSON value as it stood in a text: members in order, numbers by their text (RFC 8259).
///
/// Equality is exact. Two strings are equal when their bytes are, unlike Swift's `==`, which takes
/// canonically equivalent spellings for the same; two numbers are equal when their texts are.
package enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// What the value is, with its article, for the text of a refusal.
    package var kind: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }

    /// The ``kind`` and, of what has a length, how long it is: "a string of 3 bytes", "an array of 2".
    package var measuredKind: String {
        switch self {
        case .string(let text): "a string of \(text.utf8.count) bytes"
        case .array(let items): "an array of \(items.count)"
        case .null, .bool, .number, .object: kind
        }
    }
}

extension JSONValue: Equatable {
    package static func == (one: JSONValue, other: JSONValue) -> Bool {
        switch (one, other) {
        case (.null, .null): true
        case (.bool(let one), .bool(let other)): one == other
        case (.number(let one), .number(let other)): one == other
        case (.string(let one), .string(let other)): one.hasSameBytes(as: other)
        case (.array(let one), .array(let other)): one == other
        case (.object(let one), .object(let other)): one == other
        case (.null, _), (.bool, _), (.number, _), (.string, _), (.array, _), (.object, _): false
        }
    }
}

extension JSONValue {
    /// How many arrays and objects may stand inside one another.
    package static let deepestNesting = 100

    /// Reads a text that holds exactly one value, with nothing but white space around it.
    ///
    /// Stricter than RFC 8259 demands of a reader where readers disagree: a byte order mark, bytes
    /// that are not UTF-8, an escaped lone surrogate, two members of one name in an object, and
    /// nesting beyond ``deepestNesting`` are refused. `\u0000` in a string is not.
    ///
    /// Time and memory are proportional to the length of the text, whatever it holds.
    ///
    /// - Throws: ``JSONError`` with the place of the first fault.
    package init(parsing bytes: UnsafeRawBufferPointer) throws(JSONError) {
        var reader = JSONReader(bytes)
        self = try reader.readDocument()
    }

    /// Reads a text that holds exactly one value; see ``init(parsing:)-(UnsafeRawBufferPointer)``.
    ///
    /// A `ByteBuffer` offers its bytes in this form as `readableBytesSpan`.
    package init(parsing bytes: RawSpan) throws(JSONError) {
        self = try bytes.withUnsafeBytes { (bytes) throws(JSONError) in try JSONValue(parsing: bytes) }
    }

    /// Reads a text that holds exactly one value; see ``init(parsing:)-(UnsafeRawBufferPointer)``.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        self = try bytes.withUnsafeBufferPointer { (bytes) throws(JSONError) in
            try JSONValue(parsing: UnsafeRawBufferPointer(bytes))
        }
    }
}
