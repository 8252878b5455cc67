package import ChatProtocol

extension JSONValue {
    /// Reads a text that a test wrote.
    package init(_ text: String) {
        do {
            self = try JSONValue(parsing: Array(text.utf8))
        } catch {
            preconditionFailure("\(text) is no JSON: \(error.reason)")
        }
    }

    package var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    package var integer: Int64? {
        guard case .number(let number) = self else { return nil }
        return number.int64
    }

    package var object: JSONObject? {
        guard case .object(let object) = self else { return nil }
        return object
    }

    /// The items; none when the value is no array.
    package var items: [JSONValue] {
        guard case .array(let items) = self else { return [] }
        return items
    }

    package subscript(name: String) -> JSONValue? { object?[name] }

    package subscript(position: Int) -> JSONValue? {
        items.indices.contains(position) ? items[position] : nil
    }

    /// The value as text with the members of every object in the order of their names: what golden texts pin.
    package var canonicalText: String {
        var bytes: [UInt8] = []
        sorted.write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private var sorted: JSONValue {
        switch self {
        case .null, .bool, .number, .string: self
        case .array(let items): .array(items.map(\.sorted))
        case .object(let object):
            .object(
                JSONObject(
                    object.members.map { JSONObject.Member(name: $0.name, value: $0.value.sorted) }
                        .sorted { $0.name < $1.name }
                )
            )
        }
    }
}

extension JSONObject {
    /// The object with a member set or added; nil takes it away.
    package func setting(_ name: String, to value: JSONValue?) -> JSONObject {
        let member = value.map { Member(name: name, value: $0) }
        guard let position = members.firstIndex(where: { $0.name == name }) else {
            return JSONObject(members + (member.map { [$0] } ?? []))
        }
        return JSONObject(members[..<position] + (member.map { [$0] } ?? []) + members[(position + 1)...])
    }
}
