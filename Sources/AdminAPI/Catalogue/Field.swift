package import ChatProtocol

/// One field of a request: its name, its rule, and how a value of it is read.
package protocol Field: Sendable {
    associatedtype Value: Sendable

    var name: String { get }
    /// Other names that callers in the field use; the first name that is there counts.
    var aliases: [String] { get }
    var isRequired: Bool { get }
    /// The rule in words, for error texts and documentation: "a string of at most 150 bytes".
    var rule: String { get }
    /// The code of a value that breaks the rule; nil leaves it to the command's family.
    var code: ErrorCode? { get }

    /// The value, nil when it breaks the rule.
    func read(_ value: JSONValue) -> Value?
    /// The code of this very value, when it differs from ``code``.
    func code(for value: JSONValue) -> ErrorCode?
    /// What exactly is wrong inside a value that breaks the rule; nil leaves it to the rule to say.
    func fault(in value: JSONValue) -> MessageFault?
}

extension Field {
    package var aliases: [String] { [] }
    package var code: ErrorCode? { nil }
    package func code(for value: JSONValue) -> ErrorCode? { code }
    package func fault(in value: JSONValue) -> MessageFault? { nil }

    package var card: FieldCard {
        FieldCard(name: name, aliases: aliases, isRequired: isRequired, rule: rule)
    }
}

/// A field as the documentation shows it.
package struct FieldCard: Sendable, Equatable {
    package let name: String
    package let aliases: [String]
    package let isRequired: Bool
    package let rule: String
}

/// A text, its length counted in bytes of UTF-8.
///
/// NUL is in no text: PostgreSQL could not keep it.
package struct TextField: Field {
    package let name: String
    package let isRequired: Bool
    private let bytes: ClosedRange<Int>
    private let tooLong: ErrorCode?

    /// - Parameter tooLong: the code of a text over the limit, when it differs from the family's.
    init(_ name: String, required: Bool = false, bytes: ClosedRange<Int>, tooLong: ErrorCode? = nil) {
        (self.name, isRequired, self.bytes, self.tooLong) = (name, required, bytes, tooLong)
    }

    package var rule: String {
        let length = bytes.lowerBound > 0 ? "\(bytes.lowerBound) to \(bytes.upperBound)" : "at most \(bytes.upperBound)"
        return "a string of \(length) bytes in UTF-8, without NUL"
    }

    package func read(_ value: JSONValue) -> String? {
        guard case .string(let text) = value, bytes.contains(text.utf8.count), !text.utf8.contains(0)
        else { return nil }
        return text
    }

    package func code(for value: JSONValue) -> ErrorCode? {
        guard case .string(let text) = value, text.utf8.count > bytes.upperBound else { return nil }
        return tooLong
    }
}

/// A name of an account, any text: whether there is such an account is another question.
///
/// A value that is no string answers 60015, or the service's own code for it.
package struct AccountNameField: Field {
    package let name: String
    package let aliases: [String]
    package let isRequired = true
    private let notString: ErrorCode

    init(_ name: String, aliases: [String] = [], notString: ErrorCode = .accountNotString) {
        (self.name, self.aliases, self.notString) = (name, aliases, notString)
    }

    package var rule: String { "a string that names an account" }

    package func read(_ value: JSONValue) -> String? {
        guard case .string(let text) = value, !text.isEmpty else { return nil }
        return text
    }

    package func code(for value: JSONValue) -> ErrorCode? {
        accountCode(for: value) == nil ? nil : notString
    }
}

/// A UserID that follows the rule for new accounts.
///
/// A value that is no string answers 60015.
package struct UserIDField: Field {
    package let name: String
    package let aliases: [String]
    package let isRequired = true

    init(_ name: String, aliases: [String] = []) {
        (self.name, self.aliases) = (name, aliases)
    }

    package var rule: String { "a UserID: \(UserID.rule)" }

    package func read(_ value: JSONValue) -> UserID? {
        guard case .string(let text) = value else { return nil }
        return UserID(rawValue: text)
    }

    package func code(for value: JSONValue) -> ErrorCode? { accountCode(for: value) }
}

/// An official channel's ID.
///
/// A text that breaks the ID rules answers 130007, a value that is no string 60015.
package struct ChannelIDField: Field {
    package let name: String
    package let aliases: [String]
    package let isRequired: Bool

    init(_ name: String, required: Bool = true, aliases: [String] = []) {
        (self.name, isRequired, self.aliases) = (name, required, aliases)
    }

    package var rule: String {
        "a channel ID: \(ChannelID.prefix) and more, printable ASCII, at most \(ChannelID.longest) bytes"
    }

    package func read(_ value: JSONValue) -> ChannelID? {
        guard case .string(let text) = value else { return nil }
        return ChannelID(rawValue: text)
    }

    package func code(for value: JSONValue) -> ErrorCode? {
        if case .string = value { return .channelIDInvalid }
        return accountCode(for: value)
    }
}

/// A whole number.
package struct IntegerField: Field {
    package let name: String
    package let isRequired: Bool
    private let range: ClosedRange<Int64>

    init(_ name: String, required: Bool = false, _ range: ClosedRange<Int64>) {
        (self.name, isRequired, self.range) = (name, required, range)
    }

    package var rule: String { "a whole number from \(range.lowerBound) to \(range.upperBound)" }

    package func read(_ value: JSONValue) -> Int64? {
        guard case .number(let number) = value, let integer = number.int64, range.contains(integer) else { return nil }
        return integer
    }
}

/// A list whose items are read one by one by the command.
package struct ListField: Field {
    package let name: String
    package let isRequired: Bool
    private let count: ClosedRange<Int>
    private let tooMany: ErrorCode?
    private let items: String

    /// - Parameters:
    ///   - items: what stands in it, in words: "objects with UserID".
    ///   - tooMany: the code of a list over the limit, when it differs from the family's.
    init(_ name: String, required: Bool = true, of items: String, count: ClosedRange<Int>, tooMany: ErrorCode? = nil) {
        (self.name, isRequired, self.items) = (name, required, items)
        (self.count, self.tooMany) = (count, tooMany)
    }

    package var rule: String { "an array of \(count.lowerBound) to \(count.upperBound) \(items)" }

    package func read(_ value: JSONValue) -> [JSONValue]? {
        guard case .array(let items) = value, count.contains(items.count) else { return nil }
        return items
    }

    package func code(for value: JSONValue) -> ErrorCode? {
        guard case .array(let items) = value, items.count > count.upperBound else { return nil }
        return tooMany
    }
}

/// An object whose fields are read by the command.
package struct ObjectField: Field {
    package let name: String
    package let isRequired = false

    init(_ name: String) {
        self.name = name
    }

    package var rule: String { "an object" }

    package func read(_ value: JSONValue) -> JSONObject? {
        guard case .object(let object) = value else { return nil }
        return object
    }
}

/// "Account in the body is not a string"; null and an empty string count as a missing parameter instead.
private func accountCode(for value: JSONValue) -> ErrorCode? {
    switch value {
    case .string, .null: nil
    case .bool, .number, .array, .object: .accountNotString
    }
}
