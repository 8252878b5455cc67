import Chat
package import ChatProtocol

/// One field of a request: its name, its rule, and how a value of it is read.
package protocol Field: Sendable {
    associatedtype Value: Sendable

    var name: String { get }
    /// Other names that callers in the field use; the first name that is there counts.
    var aliases: [String] { get }
    var isRequired: Bool { get }
    /// The name of the field in whose place this one stands: it is read only when that one is left out.
    var insteadOf: String? { get }
    /// The rule in words, for error texts and documentation: "a string of at most 150 bytes".
    var rule: String { get }
    /// The rule in JSON Schema, which accepts all that is read and all that counts as left out.
    var schema: JSONSchema { get }
    /// The fields of the object that it holds, or of the objects in its list.
    var inner: [FieldCard] { get }
    /// The code of a value that breaks the rule; nil leaves it to the command's family.
    var code: ErrorCode? { get }

    /// Whether a value counts as if the field were left out, as old SDKs send it.
    func isAbsent(_ value: JSONValue) -> Bool
    /// The value, nil when it breaks the rule.
    func read(_ value: JSONValue) -> Value?
    /// The code of this very value, when it differs from ``code``.
    func code(for value: JSONValue) -> ErrorCode?
    /// What exactly is wrong inside a value that breaks the rule; nil leaves it to the rule to say.
    func fault(in value: JSONValue) -> MessageFault?
}

extension Field {
    package var aliases: [String] { [] }
    package var insteadOf: String? { nil }
    package var inner: [FieldCard] { [] }
    package var code: ErrorCode? { nil }
    package func isAbsent(_ value: JSONValue) -> Bool { false }
    package func code(for value: JSONValue) -> ErrorCode? { code }
    package func fault(in value: JSONValue) -> MessageFault? { nil }

    package var card: FieldCard {
        FieldCard(
            name: name,
            aliases: aliases,
            isRequired: isRequired,
            insteadOf: insteadOf,
            rule: rule,
            schema: schema,
            inner: inner
        )
    }
}

/// A text of a length that a ``TextRule`` allows.
package struct TextField: Field {
    package let name: String
    package let isRequired: Bool
    private let text: TextRule
    private let tooLong: ErrorCode?

    /// - Parameter tooLong: the code of a text over the limit, when it differs from the family's.
    init(_ name: String, required: Bool = false, bytes: ClosedRange<Int>, tooLong: ErrorCode? = nil) {
        (self.name, isRequired, text, self.tooLong) = (name, required, TextRule(bytes: bytes), tooLong)
    }

    package var rule: String { text.description }

    /// A character has one to four bytes.
    package var schema: JSONSchema {
        .string(
            length: (text.bytes.lowerBound + 3) / 4...text.bytes.upperBound,
            pattern: JSONSchema.patternWithoutNUL
        )
    }

    package func read(_ value: JSONValue) -> String? {
        guard case .string(let given) = value, text.allows(given) else { return nil }
        return given
    }

    package func code(for value: JSONValue) -> ErrorCode? {
        guard case .string(let given) = value, given.utf8.count > text.bytes.upperBound else { return nil }
        return tooLong
    }
}

/// Any text, also none; of one that names nothing the operation says so.
package struct AnyTextField: Field {
    package let name: String
    package let isRequired = true

    init(_ name: String) {
        self.name = name
    }

    package var rule: String { "a string" }
    package var schema: JSONSchema { .string }

    package func read(_ value: JSONValue) -> String? {
        guard case .string(let text) = value else { return nil }
        return text
    }
}

/// A name of an account, any text: whether there is such an account is another question.
///
/// A value that is no string answers 60015, or the service's own code for it.
package struct AccountNameField: Field {
    package let name: String
    package let aliases: [String]
    package let isRequired = true
    private let mayBeEmpty: Bool
    private let notString: ErrorCode

    /// - Parameter mayBeEmpty: whether an empty name is one of nobody, and not the request's fault: in the account
    ///   services, where each of several accounts is answered by itself.
    init(
        _ name: String,
        aliases: [String] = [],
        mayBeEmpty: Bool = false,
        notString: ErrorCode = .accountNotString
    ) {
        (self.name, self.aliases, self.mayBeEmpty, self.notString) = (name, aliases, mayBeEmpty, notString)
    }

    package var rule: String { "a string that names an account" }

    package var schema: JSONSchema {
        mayBeEmpty ? .string : JSONSchema(["type": .string("string"), "minLength": .integer(1)])
    }

    package func read(_ value: JSONValue) -> String? {
        guard case .string(let text) = value, mayBeEmpty || !text.isEmpty else { return nil }
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
    package var schema: JSONSchema { UserID.schema }

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
        let form = "a channel ID: \(ChannelID.prefix) and more, printable ASCII, at most \(ChannelID.longest) bytes"
        return isRequired ? form : form + "; an empty one counts as left out"
    }

    package var schema: JSONSchema {
        isRequired
            ? .string(length: ChannelID.prefix.utf8.count + 1...ChannelID.longest, pattern: ChannelID.pattern)
            : .string(length: 0...ChannelID.longest, pattern: "^$|" + ChannelID.pattern)
    }

    package func isAbsent(_ value: JSONValue) -> Bool {
        if case .string("") = value { !isRequired } else { false }
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
    private let isZeroAbsent: Bool
    private let limit: Limits.Name?

    /// - Parameters:
    ///   - zeroIsAbsent: whether 0 counts as left out.
    ///   - limit: of an application, by which the operation judges the value as well.
    init(
        _ name: String,
        required: Bool = false,
        _ range: ClosedRange<Int64>,
        zeroIsAbsent: Bool = false,
        limit: Limits.Name? = nil
    ) {
        (self.name, isRequired, self.range, isZeroAbsent, self.limit) = (name, required, range, zeroIsAbsent, limit)
    }

    package var rule: String {
        var rule = "a whole number from \(range.lowerBound) to \(range.upperBound)"
        if let limit { rule += ", and at most \(Plan.enterprise.limits[limit]) unless set otherwise" }
        return isZeroAbsent ? rule + "; 0 counts as left out" : rule
    }

    package var schema: JSONSchema {
        .integer((isZeroAbsent ? min(0, range.lowerBound) : range.lowerBound)...range.upperBound)
    }

    package func isAbsent(_ value: JSONValue) -> Bool {
        guard isZeroAbsent, case .number(let number) = value else { return false }
        return number.int64 == 0
    }

    package func read(_ value: JSONValue) -> Int64? {
        guard case .number(let number) = value, let integer = number.int64, range.contains(integer) else { return nil }
        return integer
    }
}

/// A list whose items are values by one rule.
package struct ListField<Item: Field>: Field {
    package let name: String
    package let isRequired: Bool
    package let insteadOf: String?
    /// What each item is.
    let item: Item
    private let items: String
    private let count: ClosedRange<Int>
    private let tooMany: ErrorCode?

    /// - Parameters:
    ///   - items: what stands in it, in words: "UserIDs".
    ///   - tooMany: the code of a list over the limit, when it differs from the family's.
    init(
        _ name: String,
        required: Bool = true,
        insteadOf: String? = nil,
        of items: String,
        each item: Item,
        count: ClosedRange<Int>,
        tooMany: ErrorCode? = nil
    ) {
        (self.name, isRequired, self.insteadOf) = (name, required, insteadOf)
        (self.item, self.items, self.count, self.tooMany) = (item, items, count, tooMany)
    }

    package var rule: String { listRule(count, items, insteadOf) }
    package var schema: JSONSchema { .array(of: item.schema, count: count) }

    package func read(_ value: JSONValue) -> [JSONValue]? { listItems(of: value, count) }

    package func code(for value: JSONValue) -> ErrorCode? {
        guard case .array(let items) = value, items.count > count.upperBound else { return nil }
        return tooMany
    }
}

/// A list of objects whose fields are read by the command.
package struct ObjectListField: Field {
    package let name: String
    package let isRequired: Bool
    package let insteadOf: String?
    package let inner: [FieldCard]
    private let count: ClosedRange<Int>

    /// - Parameter fields: those of each object.
    init(
        _ name: String,
        required: Bool = true,
        insteadOf: String? = nil,
        of fields: [any Field],
        count: ClosedRange<Int>
    ) {
        (self.name, isRequired, self.insteadOf) = (name, required, insteadOf)
        (inner, self.count) = (fields.map(\.card), count)
    }

    package var rule: String {
        let names = inner.filter(\.isRequired).map(\.name).joined(separator: " and ")
        return listRule(count, "objects with \(names)", insteadOf)
    }

    package var schema: JSONSchema { .array(of: inner.schema, count: count) }

    package func read(_ value: JSONValue) -> [JSONValue]? { listItems(of: value, count) }
}

/// An object whose fields are read by the command.
package struct ObjectField: Field {
    package let name: String
    package let isRequired = false
    package let inner: [FieldCard]

    init(_ name: String, of fields: [any Field]) {
        (self.name, inner) = (name, fields.map(\.card))
    }

    package var rule: String { "an object" }
    package var schema: JSONSchema { inner.schema }

    package func read(_ value: JSONValue) -> JSONObject? {
        guard case .object(let object) = value else { return nil }
        return object
    }
}

private func listRule(_ count: ClosedRange<Int>, _ items: String, _ insteadOf: String?) -> String {
    let list = "an array of \(count.lowerBound) to \(count.upperBound) \(items)"
    return insteadOf.map { "\(list), in place of \($0)" } ?? list
}

private func listItems(of value: JSONValue, _ count: ClosedRange<Int>) -> [JSONValue]? {
    guard case .array(let items) = value, count.contains(items.count) else { return nil }
    return items
}

/// "Account in the body is not a string"; null and an empty string count as a missing parameter instead.
private func accountCode(for value: JSONValue) -> ErrorCode? {
    switch value {
    case .string, .null: nil
    case .bool, .number, .array, .object: .accountNotString
    }
}
