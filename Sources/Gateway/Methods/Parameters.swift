import ChatProtocol

/// The parameters of a method; reading one that is wrong refuses the request.
struct Parameters {
    let object: JSONObject

    init(object: JSONObject) {
        self.object = object
    }

    /// - Throws: -32602 when they are no object.
    init(_ parameters: JSONValue) throws(JSONRPC.Refusal) {
        guard case .object(let object) = parameters else {
            throw JSONRPC.Refusal(.invalidParams, "\"params\" must be an object; it is \(parameters.kind).")
        }
        self.object = object
    }

    /// - Throws: -32602 when it is absent, 130007 when it is no channel ID.
    func channel(_ name: String = "Official_Account") throws(JSONRPC.Refusal) -> ChannelID {
        try Self.channel(try required(name), name)
    }

    static func channel(_ value: JSONValue, _ name: String) throws(JSONRPC.Refusal) -> ChannelID {
        guard case .string(let text) = value else { throw wrong(name, value, "a channel ID") }
        guard let id = ChannelID(rawValue: text) else {
            throw JSONRPC.Refusal(
                ChatError(
                    .channelIDInvalid,
                    "\(name) must be \(ChannelID.prefix) and more, at most \(ChannelID.longest) bytes of printable ASCII."
                )
            )
        }
        return id
    }

    /// A whole number.
    func integer(_ name: String, _ range: ClosedRange<Int64>) throws(JSONRPC.Refusal) -> Int64 {
        try Self.integer(try required(name), name, range)
    }

    /// A whole number, nil when it is left out.
    func optionalInteger(_ name: String, _ range: ClosedRange<Int64>) throws(JSONRPC.Refusal) -> Int64? {
        guard let value = object[name], value != .null else { return nil }
        return try Self.integer(value, name, range)
    }

    func text(_ name: String) throws(JSONRPC.Refusal) -> String {
        let value = try required(name)
        guard case .string(let text) = value else { throw Self.wrong(name, value, "a string") }
        return text
    }

    /// A text, nil when it is left out or empty.
    func optionalText(_ name: String) throws(JSONRPC.Refusal) -> String? {
        guard let value = object[name], value != .null else { return nil }
        guard case .string(let text) = value else { throw Self.wrong(name, value, "a string") }
        return text.isEmpty ? nil : text
    }

    /// The channels of a list of objects, each with an `Official_Account`.
    func channels(_ name: String, atMost count: Int) throws(JSONRPC.Refusal) -> [ChannelID] {
        let value = try required(name)
        guard case .array(let items) = value, items.count <= count else {
            throw Self.wrong(name, value, "an array of at most \(count) objects")
        }
        var channels: [ChannelID] = []
        for item in items {
            guard case .object(let object) = item else { throw Self.wrong("an item of \(name)", item, "an object") }
            channels.append(try Parameters(object: object).channel())
        }
        return channels
    }

    func required(_ name: String) throws(JSONRPC.Refusal) -> JSONValue {
        guard let value = object[name] else { throw JSONRPC.Refusal(.invalidParams, "\(name) is missing.") }
        return value
    }

    private static func integer(
        _ value: JSONValue,
        _ name: String,
        _ range: ClosedRange<Int64>
    ) throws(JSONRPC.Refusal) -> Int64 {
        guard case .number(let number) = value, let integer = number.int64, range.contains(integer) else {
            throw wrong(name, value, "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return integer
    }

    static func wrong(_ name: String, _ value: JSONValue, _ rule: String) -> JSONRPC.Refusal {
        JSONRPC.Refusal(.invalidParams, "\(name) must be \(rule); it is \(value.measuredKind).")
    }
}
