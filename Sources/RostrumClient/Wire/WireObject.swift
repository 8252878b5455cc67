import ChatProtocol

/// How an answer departs from what is documented.
struct WireFault: Error {
    let problem: String

    init(_ place: String, _ problem: String) {
        self.problem = "\(place) \(problem)"
    }
}

/// An object of an answer, read member by member.
///
/// Read by hand and not by `Codable`: the reader of `ChatProtocol` keeps the content of messages exactly as it was sent,
/// unknown members and digits of numbers among it, and on Linux takes a fraction of `JSONDecoder`'s time.
struct WireObject {
    let object: JSONObject
    /// Where it stands in the answer, such as `SubscriberList[3].`.
    private let place: String

    init(_ object: JSONObject, place: String = "") {
        (self.object, self.place) = (object, place)
    }

    /// - Parameter place: what the value is called in a fault.
    init(_ value: JSONValue, place: String) throws(WireFault) {
        guard case .object(let object) = value else { throw WireFault(place, "is \(value.kind) and no object") }
        self.init(object, place: place.isEmpty ? "" : place + ".")
    }

    func value(_ name: String) throws(WireFault) -> JSONValue {
        guard let value = object[name] else { throw WireFault(place + name, "is missing") }
        return value
    }

    func text(_ name: String) throws(WireFault) -> String {
        let value = try value(name)
        guard case .string(let text) = value else { throw WireFault(place + name, "is \(value.kind) and no string") }
        return text
    }

    /// A text that may be left out.
    func text(_ name: String, or substitute: String) throws(WireFault) -> String {
        object[name] == nil ? substitute : try text(name)
    }

    /// A text that may be left out.
    func optionalText(_ name: String) throws(WireFault) -> String? {
        object[name] == nil ? nil : try text(name)
    }

    func integer(_ name: String) throws(WireFault) -> Int64 {
        let value = try value(name)
        guard case .number(let number) = value, let integer = number.int64 else {
            throw WireFault(place + name, "is \(value.kind) and no whole number")
        }
        return integer
    }

    /// A number that counts something: refused when it is less than `least`, which no server says.
    func count(_ name: String, from least: Int64 = 0) throws(WireFault) -> Int64 {
        let count = try integer(name)
        guard count >= least else { throw WireFault(place + name, "is \(count) and not at least \(least)") }
        return count
    }

    /// A number that may be left out.
    func integer(_ name: String, or substitute: Int64) throws(WireFault) -> Int64 {
        object[name] == nil ? substitute : try integer(name)
    }

    /// A number that may be left out.
    func optionalInteger(_ name: String) throws(WireFault) -> Int64? {
        object[name] == nil ? nil : try integer(name)
    }

    func double(_ name: String) throws(WireFault) -> Double {
        let value = try value(name)
        guard case .number(let number) = value, let double = number.double else {
            throw WireFault(place + name, "is \(value.kind) and no number")
        }
        return double
    }

    func list(_ name: String) throws(WireFault) -> [JSONValue] {
        let value = try value(name)
        guard case .array(let items) = value else { throw WireFault(place + name, "is \(value.kind) and no array") }
        return items
    }

    func texts(_ name: String) throws(WireFault) -> [String] {
        try list(name).map { (item) throws(WireFault) in
            guard case .string(let text) = item else { throw WireFault(place + name, "has an item that is no string") }
            return text
        }
    }

    /// Each object of a list, read by `read`.
    func objects<Item>(
        _ name: String,
        _ read: (WireObject) throws(WireFault) -> Item
    ) throws(WireFault) -> [Item] {
        var items: [Item] = []
        for (position, value) in try list(name).enumerated() {
            items.append(try read(try WireObject(value, place: "\(place)\(name)[\(position)]")))
        }
        return items
    }

    /// Each object of a list that may be left out, read by `read`.
    func optionalObjects<Item>(
        _ name: String,
        _ read: (WireObject) throws(WireFault) -> Item
    ) throws(WireFault) -> [Item] {
        object[name] == nil ? [] : try objects(name, read)
    }

    /// Every member, by its name, each an object that is read by `read`.
    func members<Item>(_ read: (WireObject) throws(WireFault) -> Item) throws(WireFault) -> [String: Item] {
        var items: [String: Item] = [:]
        for member in object.members {
            items[member.name] = try read(try WireObject(member.value, place: place + member.name))
        }
        return items
    }

    /// An object that may be left out.
    func inner(_ name: String) throws(WireFault) -> WireObject? {
        guard let value = object[name] else { return nil }
        return try WireObject(value, place: place + name)
    }
}

extension JSONObject {
    /// The object with what is not nil added at its end.
    func adding(_ name: String, _ value: JSONValue?) -> JSONObject {
        guard let value else { return self }
        return JSONObject(members + [Member(name: name, value: value)])
    }

    func adding(_ name: String, _ text: String?) -> JSONObject {
        adding(name, text.map(JSONValue.string))
    }

    func adding(_ name: String, _ number: Int64?) -> JSONObject {
        adding(name, number.map(JSONValue.integer))
    }
}

extension JSONValue {
    static func texts(_ texts: [String]) -> JSONValue {
        .array(texts.map(JSONValue.string))
    }

    /// The number in its shortest digits; null when it is not finite, which JSON cannot say.
    static func double(_ number: Double) -> JSONValue {
        guard number.isFinite, let value = try? JSONValue(parsing: Array("\(number)".utf8)) else { return .null }
        return value
    }
}
