/// The content of a message: a `MsgBody` that follows the rules, kept as it was received.
///
/// Members that no rule speaks of stay, and so do the order of everything and the spelling of numbers.
///
/// Source: spec/messages.md section 1.
package struct MessageBody: Sendable, Equatable {
    /// At least one, each an object.
    package let elements: [JSONValue]
    /// The array as JSON without white space: what is stored, and whose length counts.
    package let json: [UInt8]

    /// - Parameter elements: the items of `MsgBody`, as the reader made them.
    package init(_ elements: [JSONValue]) throws(MessageFault) {
        guard !elements.isEmpty else {
            throw .wrong(.array(elements), at: "MsgBody", rule: "an array of at least one element")
        }
        var hasCustom = false
        for (position, element) in elements.enumerated() {
            do throws(MessageFault) {
                let type = try Self.type(ofChecked: element)
                guard type != .custom || !hasCustom else {
                    throw MessageFault(place: "", problem: "is a second \(type.rawValue); a message has at most one")
                }
                hasCustom = hasCustom || type == .custom
            } catch {
                throw error.inside("MsgBody[\(position)]")
            }
        }
        self.elements = elements
        var json: [UInt8] = []
        JSONValue.array(elements).write(to: &json)
        self.json = json
    }

    /// The body that storage holds; nil unless it is a JSON array of at least one object.
    ///
    /// It was judged when it was stored. Today's rules are not asked again: if they have become stricter since, an
    /// old message is still to be read.
    package init?(stored json: [UInt8]) {
        guard case .array(let elements) = try? JSONValue(parsing: json), !elements.isEmpty else { return nil }
        for element in elements {
            guard case .object = element else { return nil }
        }
        (self.elements, self.json) = (elements, json)
    }

    /// - Throws: ``MessageFault`` with a place relative to the element.
    private static func type(ofChecked element: JSONValue) throws(MessageFault) -> MessageElementType {
        guard case .object(let object) = element else { throw .wrong(element, at: "", rule: "an object") }
        let type = try type(of: object)
        guard let value = object["MsgContent"] else { throw .missing(at: "MsgContent", rule: "an object") }
        guard case .object(let content) = value else { throw .wrong(value, at: "MsgContent", rule: "an object") }
        do throws(MessageFault) {
            try type.contentRules.check(content)
        } catch {
            throw error.inside("MsgContent")
        }
        return type
    }

    private static func type(of element: JSONObject) throws(MessageFault) -> MessageElementType {
        let rule = "one of " + MessageElementType.allCases.map(\.rawValue).joined(separator: ", ")
        guard let value = element["MsgType"] else { throw .missing(at: "MsgType", rule: rule) }
        guard case .string(let name) = value, let type = MessageElementType(rawValue: name) else {
            throw .wrong(value, at: "MsgType", rule: rule)
        }
        return type
    }
}
