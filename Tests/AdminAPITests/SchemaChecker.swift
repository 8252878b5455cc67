import AdminAPI
import ChatProtocol
import RostrumTesting

/// Judges values by the part of JSON Schema 2020-12 that the OpenAPI document speaks.
///
/// A keyword that it does not know is a fault of the schema: nothing that the document says goes unchecked.
struct SchemaChecker {
    /// What `$ref` names.
    let components: [String: JSONSchema]
    /// Whether an object may have members that its schema does not name.
    var allowsUndeclared = true

    /// What is wrong with the value, each with its place; empty when nothing is.
    func faults(in value: JSONValue, by schema: JSONSchema, at place: String = "$") -> [String] {
        schema.json.members.flatMap { faults(in: value, by: $0.name, $0.value, at: place) }
            + undeclared(in: value, by: schema, at: place)
    }

    private func faults(
        in value: JSONValue,
        by keyword: String,
        _ rule: JSONValue,
        at place: String
    ) -> [String] {
        func fault(unless isRight: Bool) -> [String] {
            isRight ? [] : ["\(place) breaks \(keyword) \(rule.canonicalText.prefix(100))"]
        }
        switch (keyword, value) {
        case ("description", _), ("discriminator", _): return []
        case ("type", _): return fault(unless: hasType(rule, value))
        case ("enum", _): return fault(unless: rule.items.contains { isSame($0, value) })
        case ("$ref", _):
            let name = rule.text?.split(separator: "/").last.map(String.init) ?? ""
            guard let target = components[name] else { return ["\(place): there is no \(rule.canonicalText)"] }
            return faults(in: value, by: target, at: place)
        case ("allOf", _): return rule.items.flatMap { faults(in: value, by: .init($0), at: place) }
        case ("anyOf", _): return fault(unless: fitting(rule, value, at: place) > 0)
        case ("oneOf", _):
            let fitting = fitting(rule, value, at: place)
            guard fitting == 0 else { return fault(unless: fitting == 1) }
            return fault(unless: false) + rule.items.flatMap { faults(in: value, by: .init($0), at: place) }
        case ("minLength", .string(let text)): return fault(unless: text.unicodeScalars.count >= rule.number)
        case ("maxLength", .string(let text)): return fault(unless: text.unicodeScalars.count <= rule.number)
        case ("pattern", .string(let text)): return fault(unless: matches(rule.text ?? "", text))
        case ("minimum", .number(let number)):
            return fault(unless: (number.double ?? -.infinity) >= Double(rule.number))
        case ("maximum", .number(let number)): return fault(unless: (number.double ?? .infinity) <= Double(rule.number))
        case ("minItems", .array(let items)): return fault(unless: items.count >= rule.number)
        case ("maxItems", .array(let items)): return fault(unless: items.count <= rule.number)
        case ("items", .array(let items)):
            return items.enumerated().flatMap { faults(in: $1, by: .init(rule), at: "\(place)[\($0)]") }
        case ("properties", .object(let object)):
            return object.members.flatMap { member in
                rule[member.name].map { faults(in: member.value, by: .init($0), at: "\(place).\(member.name)") } ?? []
            }
        case ("required", .object(let object)):
            return fault(unless: rule.items.allSatisfy { object[$0.text ?? ""] != nil })
        case ("dependentRequired", .object(let object)):
            let dependencies = rule.object?.members.filter { object[$0.name] != nil }.flatMap(\.value.items) ?? []
            return fault(unless: dependencies.allSatisfy { object[$0.text ?? ""] != nil })
        case ("minLength", _), ("maxLength", _), ("pattern", _), ("minimum", _), ("maximum", _), ("minItems", _),
            ("maxItems", _), ("items", _), ("properties", _), ("required", _), ("dependentRequired", _):
            // They speak of values of one type only.
            return []
        default: return ["\(place): the schema's keyword \(keyword) is unknown"]
        }
    }

    private func undeclared(in value: JSONValue, by schema: JSONSchema, at place: String) -> [String] {
        guard !allowsUndeclared, schema.json["type"] == .string("object"), case .object(let object) = value
        else { return [] }
        let declared = schema.json["properties"]
        return object.members.filter { declared?[$0.name] == nil }.map { "\(place).\($0.name) is not declared" }
    }

    private func fitting(_ branches: JSONValue, _ value: JSONValue, at place: String) -> Int {
        branches.items.count { faults(in: value, by: .init($0), at: place).isEmpty }
    }

    private func hasType(_ rule: JSONValue, _ value: JSONValue) -> Bool {
        switch (rule.text, value) {
        case ("string", .string), ("number", .number), ("array", .array), ("object", .object): true
        case ("integer", .number(let number)): number.isWhole
        default: false
        }
    }

    private func isSame(_ one: JSONValue, _ other: JSONValue) -> Bool {
        guard case (.number(let left), .number(let right)) = (one, other) else { return one == other }
        return left.double == right.double
    }

    private func matches(_ pattern: String, _ text: String) -> Bool {
        guard let expression = try? Regex(pattern).matchingSemantics(.unicodeScalar) else { return false }
        return text.contains(expression)
    }
}

extension JSONSchema {
    /// A schema inside another.
    init(_ value: JSONValue) {
        self.init(value.object ?? ["a schema that is no object": .null])
    }
}

extension JSONValue {
    /// The number that a keyword has.
    fileprivate var number: Int64 { integer ?? 0 }
}

extension JSONNumber {
    /// Whether it is a whole number, however it is spelt and however large.
    fileprivate var isWhole: Bool {
        double.map { $0.rounded() == $0 } ?? false
    }
}

extension SchemaChecker {
    /// Knows the document's components.
    static let document = SchemaChecker(
        components: Dictionary(uniqueKeysWithValues: OpenAPIDocument.schemas.map { ($0.name, $0.schema) })
    )

    /// Takes nothing that is not declared, as for replies.
    static let strict = SchemaChecker(components: document.components, allowsUndeclared: false)
}
