extension JSONObject: ExpressibleByDictionaryLiteral {
    /// The members in the order in which they are written; a name that is written twice is there twice.
    package init(dictionaryLiteral members: (String, JSONValue)...) {
        self.init(members.map { Member(name: $0, value: $1) })
    }
}

extension JSONValue {
    /// A whole number.
    package static func integer(_ number: Int64) -> JSONValue {
        .number(JSONNumber(number))
    }
}
