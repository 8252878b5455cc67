package import ChatProtocol

/// The fields of a request, read by their rules.
///
/// What is missing or breaks its rule throws the code that the field or the command's family documents for it, with
/// a sentence that names the field, what was wrong and what is right. Fields that nobody asks for are ignored.
package struct RequestBody: Sendable {
    private let object: JSONObject
    private let codes: CodeFamily
    /// Where the object stands in the body, for error texts, such as `SubscriberList[3].` for an item of a list.
    private let place: String

    package init(_ object: JSONObject, codes: CodeFamily, place: String = "") {
        (self.object, self.codes, self.place) = (object, codes, place)
    }

    /// The value of a field that must be there.
    package func required<Wanted: Field>(_ field: Wanted) throws(ChatError) -> Wanted.Value {
        guard let value = try optional(field) else {
            throw ChatError(codes.invalidParameter, "\(place)\(field.name) is missing; it must be \(field.rule).")
        }
        return value
    }

    /// The value of a field that may be left out.
    package func optional<Wanted: Field>(_ field: Wanted) throws(ChatError) -> Wanted.Value? {
        for name in [field.name] + field.aliases {
            guard let value = object[name] else { continue }
            guard !field.isAbsent(value) else { return nil }
            return try read(value, as: field, at: place + name)
        }
        return nil
    }

    /// The items of a list, each an object with fields of its own.
    package func objects(_ field: ObjectListField) throws(ChatError) -> [RequestBody] {
        var bodies: [RequestBody] = []
        for (position, item) in try required(field).enumerated() {
            guard case .object(let object) = item else {
                throw wrong(item, at: "\(place)\(field.name)[\(position)]", rule: "an object", codes.invalidParameter)
            }
            bodies.append(RequestBody(object, codes: codes, place: "\(place)\(field.name)[\(position)]."))
        }
        return bodies
    }

    /// The items of a list, each a value by the list's rule.
    package func items<Item: Field>(_ field: ListField<Item>) throws(ChatError) -> [Item.Value] {
        try items(of: try required(field), of: field)
    }

    /// The items of a list that may be left out; nil when it is.
    package func optionalItems<Item: Field>(_ field: ListField<Item>) throws(ChatError) -> [Item.Value]? {
        guard let list = try optional(field) else { return nil }
        return try items(of: list, of: field)
    }

    /// The fields of an object inside this one; nil when it is left out.
    package func inner(_ field: ObjectField) throws(ChatError) -> RequestBody? {
        guard let object = try optional(field) else { return nil }
        return RequestBody(object, codes: codes, place: "\(place)\(field.name).")
    }

    private func items<Item: Field>(
        of list: [JSONValue],
        of field: ListField<Item>
    ) throws(ChatError) -> [Item.Value] {
        var values: [Item.Value] = []
        for (position, value) in list.enumerated() {
            values.append(try read(value, as: field.item, at: "\(place)\(field.name)[\(position)]"))
        }
        return values
    }

    private func read<Wanted: Field>(
        _ value: JSONValue,
        as field: Wanted,
        at place: String
    ) throws(ChatError) -> Wanted.Value {
        guard let read = field.read(value) else {
            if let fault = field.fault(in: value) {
                throw ChatError(field.code(for: value) ?? codes.invalidParameter, fault.info)
            }
            throw wrong(value, at: place, rule: field.rule, field.code(for: value) ?? codes.invalidParameter)
        }
        return read
    }

    private func wrong(_ value: JSONValue, at place: String, rule: String, _ code: ErrorCode) -> ChatError {
        ChatError(code, "\(place) must be \(rule); it is \(value.measuredKind).")
    }
}
