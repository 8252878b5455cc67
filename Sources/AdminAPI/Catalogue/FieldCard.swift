package import ChatProtocol

/// A field as the documentation shows it.
package struct FieldCard: Sendable, Equatable {
    package let name: String
    package let aliases: [String]
    package let isRequired: Bool
    /// The field in whose place it stands; it is read only when that one is left out.
    package let insteadOf: String?
    package let rule: String
    package let schema: JSONSchema
    /// The fields of the object that it holds, or of the objects in its list.
    package let inner: [FieldCard]
}

extension FieldCard {
    /// Whether its value is an array.
    package var isList: Bool { schema.json["type"] == .string("array") }

    /// The rule and the other names as one sentence.
    package var sentence: String {
        let names = aliases.map { "; \($0) stands for it when it is left out" }.joined()
        return rule.prefix(1).uppercased() + rule.dropFirst() + names + "."
    }

    /// What an object has that has the field under this name in place of another.
    ///
    /// The field is judged only then, so it is no property of the object at large.
    fileprivate func branch(_ name: String) -> JSONValue {
        let property = JSONSchema.members([(name, schema.described(sentence))])
        guard isRequired else { return .object(["properties": property]) }
        return .object(["required": .strings([name]), "properties": property])
    }

    /// That the field is there under its name or another, or one that comes before it is.
    fileprivate var alternatives: JSONValue? {
        var branches: [JSONValue] = []
        if let insteadOf {
            branches = [.object(["required": .strings([insteadOf])]), branch(name)]
        } else if !aliases.isEmpty {
            branches = [.object(["required": .strings([name])])] + aliases.map(branch)
        }
        return branches.isEmpty ? nil : .object(["anyOf": .array(branches)])
    }
}

extension [FieldCard] {
    /// An object with these fields; others in it are ignored.
    package var schema: JSONSchema {
        let alternatives = compactMap(\.alternatives)
        return .object(
            filter { $0.insteadOf == nil }.map { ($0.name, $0.schema.described($0.sentence)) },
            required: filter { $0.isRequired && $0.aliases.isEmpty && $0.insteadOf == nil }.map(\.name),
            rules: alternatives.isEmpty ? [] : [.init(name: "allOf", value: .array(alternatives))]
        )
    }
}

extension JSONSchema {
    /// An element of `MsgBody`: a schema of the document's components.
    static let messageElement = reference("MessageElement")
}
