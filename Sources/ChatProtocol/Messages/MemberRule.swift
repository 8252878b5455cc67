/// What stands under a name in an element or another part of a message.
struct MemberRule: Sendable {
    /// What a member may hold.
    enum Value: Sendable {
        case string
        /// A number that a `Double` can hold.
        case number
        /// One of these whole numbers.
        case integer([Int64])
        /// At least one object, each by these rules.
        case objects([MemberRule])
    }

    /// Whether a member may be left out.
    enum Presence: Sendable {
        case required, optional
        /// All members that are marked so, or none.
        case allOrNone
        /// At least one of the members that are marked so.
        case atLeastOne
    }

    let name: String
    let value: Value
    let presence: Presence

    init(_ name: String, _ value: Value, _ presence: Presence) {
        (self.name, self.value, self.presence) = (name, value, presence)
    }
}

extension [MemberRule] {
    /// Judges an object by the rules.
    ///
    /// A member without a rule may hold anything, and null is a value like any other.
    ///
    /// - Throws: ``MessageFault`` with a place relative to the object.
    func check(_ object: JSONObject) throws(MessageFault) {
        for rule in self {
            if let value = object[rule.name] {
                try rule.value.check(value, at: rule.name)
            } else if rule.presence == .required {
                throw .missing(at: rule.name, rule: rule.value.words)
            }
        }
        try checkAllOrNone(object)
        try checkAtLeastOne(object)
    }

    private func checkAllOrNone(_ object: JSONObject) throws(MessageFault) {
        let rules = filter { $0.presence == .allOrNone }
        guard let given = rules.first(where: { object[$0.name] != nil }),
            let missing = rules.first(where: { object[$0.name] == nil })
        else { return }
        throw .missing(at: missing.name, rule: "\(missing.value.words) where there is \(given.name)")
    }

    private func checkAtLeastOne(_ object: JSONObject) throws(MessageFault) {
        let names = filter { $0.presence == .atLeastOne }.map(\.name)
        guard !names.isEmpty, !names.contains(where: { object[$0] != nil }) else { return }
        throw MessageFault(place: "", problem: "must have one of \(names.joined(separator: ", ")); it has none")
    }
}

extension MemberRule.Value {
    /// The rule in words: "a string".
    var words: String {
        switch self {
        case .string: "a string"
        case .number: "a number"
        case .integer(let allowed): allowed.map(String.init).joined(separator: " or ")
        case .objects: "an array of at least one object"
        }
    }

    fileprivate func check(_ value: JSONValue, at place: String) throws(MessageFault) {
        switch (self, value) {
        case (.string, .string): break
        case (.number, .number(let number)):
            guard number.double != nil else { throw .wrong(value, at: place, rule: "a number that a double can hold") }
        case (.integer(let allowed), .number(let number)):
            guard let integer = number.int64, allowed.contains(integer) else {
                throw .wrong(value, at: place, rule: words)
            }
        case (.objects(let rules), .array(let items)):
            guard !items.isEmpty else { throw .wrong(value, at: place, rule: words) }
            for (position, item) in items.enumerated() {
                try Self.check(item, by: rules, at: "\(place)[\(position)]")
            }
        case (.string, _), (.number, _), (.integer, _), (.objects, _):
            throw .wrong(value, at: place, rule: words)
        }
    }

    private static func check(
        _ item: JSONValue,
        by rules: [MemberRule],
        at place: String
    ) throws(MessageFault) {
        guard case .object(let object) = item else { throw .wrong(item, at: place, rule: "an object") }
        do throws(MessageFault) {
            try rules.check(object)
        } catch {
            throw error.inside(place)
        }
    }
}
