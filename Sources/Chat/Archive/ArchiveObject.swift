import ChatProtocol

/// A line's object, read member by member; what nobody asked for is refused at the end.
struct ArchiveObject {
    private let object: JSONObject
    private var taken: Set<String> = ["Kind"]

    init(_ object: JSONObject) {
        self.object = object
    }

    mutating func optional(_ name: String) -> JSONValue? {
        taken.insert(name)
        return object[name]
    }

    mutating func text(_ name: String, bytes allowed: ClosedRange<Int>) throws(ArchiveProblem) -> String {
        let value = optional(name)
        guard case .string(let text)? = value, allowed.contains(text.utf8.count), !text.utf8.contains(0) else {
            throw wrong(name, value, "a text of \(allowed.lowerBound) to \(allowed.upperBound) bytes without NUL")
        }
        return text
    }

    mutating func integer(_ name: String, in allowed: ClosedRange<Int64>) throws(ArchiveProblem) -> Int64 {
        let value = optional(name)
        guard case .number(let number)? = value, let integer = number.int64, allowed.contains(integer) else {
            throw wrong(name, value, "a whole number from \(allowed.lowerBound) to \(allowed.upperBound)")
        }
        return integer
    }

    mutating func boolean(_ name: String) throws(ArchiveProblem) -> Bool {
        let value = optional(name)
        guard case .bool(let flag)? = value else { throw wrong(name, value, "true or false") }
        return flag
    }

    mutating func word<Word: RawRepresentable<String> & CaseIterable>(
        _ name: String
    ) throws(ArchiveProblem) -> Word {
        let value = optional(name)
        guard case .string(let text)? = value, let word = Word(rawValue: text) else {
            throw wrong(name, value, "one of \(Word.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return word
    }

    /// - Parameters:
    ///   - rule: in words, what each item must be.
    ///   - read: nil for an item that is not allowed.
    mutating func list<Item>(
        _ name: String,
        of rule: String,
        read: (JSONValue) -> Item?
    ) throws(ArchiveProblem) -> [Item] {
        let value = optional(name)
        guard case .array(let values)? = value else { throw wrong(name, value, "an array of \(rule)") }
        var items: [Item] = []
        for (position, value) in values.enumerated() {
            guard let item = read(value) else { throw wrong("\(name)[\(position)]", value, rule) }
            items.append(item)
        }
        return items
    }

    func demandNoMore() throws(ArchiveProblem) {
        for member in object.members where !taken.contains(member.name) {
            throw ArchiveProblem("there is no member \(member.name) in a line of this kind")
        }
    }

    private func wrong(_ name: String, _ value: JSONValue?, _ rule: String) -> ArchiveProblem {
        guard let value else { return ArchiveProblem("\(name) is missing; it must be \(rule)") }
        return ArchiveProblem("\(name) is \(value.measuredKind); it must be \(rule)")
    }
}
