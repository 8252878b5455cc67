import ChatProtocol
import Database

/// One member of a line, and the column that it is kept in.
struct ArchiveMember: Sendable {
    /// What the value may be.
    enum Form: Sendable {
        case user
        case channel
        /// At most so many bytes, without NUL.
        case text(Int)
        case optionalText(Int)
        case integer(ClosedRange<Int64>)
        case optionalInteger(ClosedRange<Int64>)
        case boolean
        /// One of these.
        case word([String])
        /// Bytes as hexadecimal digits.
        case digest
        /// An object, as the JSON that the column holds.
        case optionalObject
        /// The elements of a message, likewise.
        case optionalBody
    }

    let name: String
    let column: String
    let form: Form

    init(_ name: String, _ column: String, _ form: Form) {
        (self.name, self.column, self.form) = (name, column, form)
    }

    /// What the line shows of the column's value; nil for nothing.
    func json(of value: SQLValue) throws(ChatError) -> JSONValue? {
        switch (form, value) {
        case (.user, .text(let text)), (.channel, .text(let text)), (.text, .text(let text)),
            (.optionalText, .text(let text)), (.word, .text(let text)):
            return .string(text)
        case (.integer, .integer(let number)), (.optionalInteger, .integer(let number)): return .integer(number)
        case (.boolean, .integer(let number)): return .bool(number != 0)
        case (.digest, .blob(let bytes)): return .string(hexadecimal(bytes))
        case (.optionalObject, .blob(let bytes)), (.optionalBody, .blob(let bytes)):
            if let json = try? JSONValue(parsing: bytes) { return json }
        case (.optionalText, .null), (.optionalInteger, .null), (.optionalObject, .null),
            (.optionalBody, .null):
            return nil
        default: break
        }
        throw .internalFault(DatabaseError(.corrupt, "the column \(column) does not hold what it should"))
    }

    /// The column's value for what the line has; nil stands for nothing.
    func value(of json: JSONValue?) throws(ArchiveProblem) -> SQLValue {
        guard let json else {
            switch form {
            case .optionalText, .optionalInteger, .optionalObject, .optionalBody: return .null
            default: throw ArchiveProblem("\(name) is missing; it must be \(rule)")
            }
        }
        switch (form, json) {
        case (.user, .string(let text)):
            if UserID(rawValue: text) != nil { return .text(text) }
        case (.channel, .string(let text)):
            if ChannelID(rawValue: text) != nil { return .text(text) }
        case (.text(let longest), .string(let text)), (.optionalText(let longest), .string(let text)):
            if text.utf8.count <= longest, !text.utf8.contains(0) { return .text(text) }
        case (.word(let words), .string(let text)):
            if words.contains(text) { return .text(text) }
        case (.integer(let range), .number(let number)), (.optionalInteger(let range), .number(let number)):
            if let number = number.int64, range.contains(number) { return .integer(number) }
        case (.boolean, .bool(let flag)): return .integer(flag ? 1 : 0)
        case (.digest, .string(let text)):
            if let bytes = [UInt8](hexadecimal: text), hexadecimal(bytes) == text { return .blob(bytes) }
        case (.optionalObject, .object): return .blob(Self.bytes(of: json))
        case (.optionalBody, .array):
            let bytes = Self.bytes(of: json)
            if MessageBody(stored: bytes) != nil { return .blob(bytes) }
        default: break
        }
        throw ArchiveProblem("\(name) is \(json.measuredKind); it must be \(rule)")
    }

    private static func bytes(of json: JSONValue) -> [UInt8] {
        var bytes: [UInt8] = []
        json.write(to: &bytes)
        return bytes
    }

    private var rule: String {
        switch form {
        case .user: UserID.rule
        case .channel: "an ID of a channel, \(ChannelID.prefix) and more"
        case .text(let longest), .optionalText(let longest): "a text of at most \(longest) bytes without NUL"
        case .integer(let range), .optionalInteger(let range):
            "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .boolean: "true or false"
        case .word(let words): "one of \(words.joined(separator: ", "))"
        case .digest: "bytes in lower-case hexadecimal digits"
        case .optionalObject: "an object"
        case .optionalBody: "an array of at least one object"
        }
    }
}
