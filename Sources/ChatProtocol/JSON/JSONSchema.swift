/// What a JSON value may be, in the words of JSON Schema 2020-12 that OpenAPI 3.1 speaks.
///
/// A schema here never rejects what the server accepts. The other way round it comes as near as JSON Schema can: a
/// limit in bytes, for instance, becomes one in characters, of which there are never more.
package struct JSONSchema: Sendable, Equatable {
    /// The schema as JSON.
    package let json: JSONObject

    package init(_ json: JSONObject) {
        self.json = json
    }

    package var value: JSONValue { .object(json) }

    /// The schema with a sentence for people.
    package func described(_ description: String) -> JSONSchema {
        JSONSchema(JSONObject(json.members + [.init(name: "description", value: .string(description))]))
    }
}

extension JSONSchema {
    /// Any string.
    package static let string = JSONSchema(["type": .string("string")])
    /// Any whole number; `34.0` is one.
    package static let integer = JSONSchema(["type": .string("integer")])
    package static let number = JSONSchema(["type": .string("number")])
    package static let object = JSONSchema(["type": .string("object")])

    package static let patternWithoutNUL = #"^[^\u0000]*$"#

    /// A string of so many characters (code points, not bytes) that follows a regular expression.
    package static func string(length: ClosedRange<Int>, pattern: String? = nil) -> JSONSchema {
        var members: [JSONObject.Member] = [.init(name: "type", value: .string("string"))]
        if length.lowerBound > 0 { members.append(.init(name: "minLength", value: .integer(Int64(length.lowerBound)))) }
        members.append(.init(name: "maxLength", value: .integer(Int64(length.upperBound))))
        if let pattern { members.append(.init(name: "pattern", value: .string(pattern))) }
        return JSONSchema(JSONObject(members))
    }

    package static func integer(_ range: ClosedRange<Int64>) -> JSONSchema {
        JSONSchema([
            "type": .string("integer"), "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound),
        ])
    }

    /// One of these whole numbers.
    package static func integers(_ allowed: [Int64]) -> JSONSchema {
        JSONSchema(["type": .string("integer"), "enum": .array(allowed.map(JSONValue.integer))])
    }

    /// One of these strings.
    package static func words(_ allowed: [String]) -> JSONSchema {
        JSONSchema(["type": .string("string"), "enum": .array(allowed.map(JSONValue.string))])
    }

    /// - Parameter count: how many items it has; nil for any number.
    package static func array(of item: JSONSchema, count: ClosedRange<Int>? = nil) -> JSONSchema {
        var members: [JSONObject.Member] = [.init(name: "type", value: .string("array"))]
        if let count {
            if count.lowerBound > 0 {
                members.append(.init(name: "minItems", value: .integer(Int64(count.lowerBound))))
            }
            if count.upperBound < Int.max {
                members.append(.init(name: "maxItems", value: .integer(Int64(count.upperBound))))
            }
        }
        members.append(.init(name: "items", value: item.value))
        return JSONSchema(JSONObject(members))
    }

    /// An object; members beside these are free.
    ///
    /// - Parameter rules: further keywords.
    package static func object(
        _ properties: [(name: String, schema: JSONSchema)],
        required: [String] = [],
        rules: [JSONObject.Member] = []
    ) -> JSONSchema {
        var members: [JSONObject.Member] = [.init(name: "type", value: .string("object"))]
        if !properties.isEmpty { members.append(.init(name: "properties", value: Self.members(properties))) }
        if !required.isEmpty { members.append(.init(name: "required", value: .strings(required))) }
        return JSONSchema(JSONObject(members + rules))
    }

    /// The schema that the document's `components` has under a name.
    package static func reference(_ name: String) -> JSONSchema {
        JSONSchema(["$ref": .string("#/components/schemas/\(name)")])
    }

    /// Schemas by their names, as `properties` and `components` have them.
    package static func members(_ schemas: [(name: String, schema: JSONSchema)]) -> JSONValue {
        .object(JSONObject(schemas.map { JSONObject.Member(name: $0.name, value: $0.schema.value) }))
    }
}

extension JSONValue {
    /// An array of strings.
    package static func strings(_ texts: [String]) -> JSONValue {
        .array(texts.map(JSONValue.string))
    }
}
