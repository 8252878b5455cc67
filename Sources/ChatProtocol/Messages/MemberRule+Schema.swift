extension [MemberRule] {
    /// The rules as JSON Schema; what ``check(_:)`` accepts follows it.
    var schema: JSONSchema {
        let together = filter { $0.presence == .allOrNone }.map(\.name)
        let alternatives = filter { $0.presence == .atLeastOne }.map(\.name)
        var rules: [JSONObject.Member] = []
        if !together.isEmpty {
            let dependencies = together.map { name in
                JSONObject.Member(name: name, value: .strings(together.filter { $0 != name }))
            }
            rules.append(.init(name: "dependentRequired", value: .object(JSONObject(dependencies))))
        }
        if !alternatives.isEmpty {
            let branches = alternatives.map { JSONValue.object(["required": .strings([$0])]) }
            rules.append(.init(name: "anyOf", value: .array(branches)))
        }
        return .object(
            map { ($0.name, $0.value.schema) },
            required: filter { $0.presence == .required }.map(\.name),
            rules: rules
        )
    }
}

extension MemberRule.Value {
    fileprivate var schema: JSONSchema {
        switch self {
        case .string: .string
        case .number: .number
        case .integer(let allowed): .integers(allowed)
        case .objects(let rules): .array(of: rules.schema, count: 1...Int.max)
        }
    }
}

extension MessageElementType {
    /// An element of this type.
    package var schema: JSONSchema {
        .object(
            [("MsgType", .words([rawValue])), ("MsgContent", contentRules.schema)],
            required: ["MsgType", "MsgContent"]
        )
    }
}

extension MessageElementType {
    /// The members of `MsgContent` and what each must be, for the documentation; those inside a list follow it.
    package var contentMembers: [(name: String, rule: String)] { contentRules.described(inside: "") }
}

extension [MemberRule] {
    fileprivate func described(inside place: String) -> [(name: String, rule: String)] {
        flatMap { rule -> [(name: String, rule: String)] in
            let presence =
                switch rule.presence {
                case .required: "required"
                case .optional: "optional"
                case .allOrNone: "all that are marked so, or none"
                case .atLeastOne: "at least one of those that are marked so"
                }
            let own = (place + rule.name, "\(rule.value.words); \(presence)")
            guard case .objects(let inner) = rule.value else { return [own] }
            return [own] + inner.described(inside: "\(place)\(rule.name)[].")
        }
    }
}

extension OfflinePushInfo {
    /// What is accepted.
    package static var schema: JSONSchema { rules.schema }
}
