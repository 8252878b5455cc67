/// The members of a JSON object, in the order in which they stood.
package struct JSONObject: Sendable, Equatable {
    package struct Member: Sendable {
        package let name: String
        package let value: JSONValue

        package init(name: String, value: JSONValue) {
            (self.name, self.value) = (name, value)
        }
    }

    /// No two share a name if the object was read; the initializer does not look.
    package let members: [Member]

    package init(_ members: [Member] = []) {
        self.members = members
    }

    /// The value of the member with exactly these bytes as its name.
    ///
    /// Looks through the members from the first: right for the few dozen that a request has.
    package subscript(_ name: String) -> JSONValue? {
        for member in members where member.name.hasSameBytes(as: name) {
            return member.value
        }
        return nil
    }
}

extension JSONObject {
    /// The object as JSON text, without white space.
    package var json: [UInt8] {
        var bytes: [UInt8] = []
        JSONValue.object(self).write(to: &bytes)
        return bytes
    }
}

extension JSONObject.Member: Equatable {
    package static func == (one: Self, other: Self) -> Bool {
        one.name.hasSameBytes(as: other.name) && one.value == other.value
    }
}

extension String {
    /// Whether both are the same bytes.
    ///
    /// `==` is canonical equivalence, and equal lengths do not make up for it: "q", dot below, dot
    /// above is `==` to "q", dot above, dot below.
    package func hasSameBytes(as other: String) -> Bool {
        utf8.count == other.utf8.count && utf8.elementsEqual(other.utf8)
    }
}
