import ChatProtocol

/// What a reply has under a name, beside the members of the envelope.
package struct ReplyMember: Sendable {
    package indirect enum Value: Sendable {
        case string
        /// One of a few strings.
        case words([String])
        case integer
        /// One of a few whole numbers.
        case integers([Int64])
        case messageElement
        case object([ReplyMember])
        case list(Value)
    }

    package let name: String
    package let value: Value
    /// What it tells, in one sentence.
    package let meaning: String
    /// When it is there, to be read after "only"; nil when it always is.
    package let condition: String?

    /// - Parameter condition: when it is there, such as "when the message has any"; nil when it always is.
    init(_ name: String, _ value: Value, _ meaning: String, only condition: String? = nil) {
        (self.name, self.value, self.meaning, self.condition) = (name, value, meaning, condition)
    }
}

extension ReplyMember {
    /// The sentence of the documentation.
    package var sentence: String {
        condition.map { "\(meaning) Only \($0)." } ?? meaning
    }

    /// The members inside, when it is an object or a list of objects.
    package var inner: [ReplyMember] { value.inner }

    /// The same member, there only on a condition.
    func only(_ condition: String) -> ReplyMember {
        ReplyMember(name, value, meaning, only: condition)
    }
}

extension ReplyMember.Value {
    /// The type in words.
    package var words: String {
        switch self {
        case .string: "string"
        case .words(let words): words.joined(separator: " or ")
        case .integer: "whole number"
        case .integers(let integers): integers.map(String.init).joined(separator: " or ")
        case .messageElement: "message element"
        case .object: "object"
        case .list(.object): "array of objects"
        case .list(let item): "array: \(item.words)"
        }
    }

    fileprivate var inner: [ReplyMember] {
        switch self {
        case .object(let members): members
        case .list(let item): item.inner
        case .string, .words, .integer, .integers, .messageElement: []
        }
    }

    var schema: JSONSchema {
        switch self {
        case .string: .string
        case .words(let words): .words(words)
        case .integer: .integer
        case .integers(let integers): .integers(integers)
        case .messageElement: .messageElement
        case .object(let members): members.schema()
        case .list(let item): .array(of: item.schema)
        }
    }
}

extension [ReplyMember] {
    /// An object with these members.
    ///
    /// - Parameter envelope: members that stand before them and are always there.
    func schema(after envelope: [(name: String, schema: JSONSchema)] = []) -> JSONSchema {
        .object(
            envelope + map { ($0.name, $0.value.schema.described($0.sentence)) },
            required: envelope.map(\.name) + filter { $0.condition == nil }.map(\.name)
        )
    }
}
