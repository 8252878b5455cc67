import ChatProtocol
import Gateway
import NIOCore

extension Entry {
    /// A text that a subscriber's client sends: a request of JSON-RPC 2.0, or a batch of them.
    static func jsonRPC(in world: World) -> Entry {
        Entry(
            "json-rpc",
            waiting: { bytes async throws(Objection) in
                let answer = await world.gateway.answer(ByteBuffer(bytes: bytes), to: world.subscribersCall)
                let request = try? JSONValue(parsing: bytes)
                guard let answer else {
                    return try demand(request.map(\.isSilent) ?? false, "there is no answer to \(bytes.text)")
                }
                let value = try demand(try? JSONValue(parsing: answer), "the answer is no JSON: \(answer.text)")
                guard case .array(let answers) = value else { return try judge(value, answer.text) }
                guard case .array(let requests)? = request else { throw Objection("one request has many answers") }
                try demand(
                    (1...requests.count).contains(answers.count),
                    "\(answers.count) answers to \(requests.count)"
                )
                for one in answers { try judge(one, answer.text) }
            }
        )
    }

    private static func judge(_ answer: JSONValue, _ text: String) throws(Objection) {
        guard case .object(let object) = answer, object["jsonrpc"] == .string("2.0"), object["id"] != nil,
            (object["result"] == nil) != (object["error"] == nil)
        else { throw Objection("this is no answer: \(text)") }
        guard let error = object["error"] else { return }
        guard case .object(let fault) = error, case .number(let number)? = fault["code"], let code = number.int64,
            case .string(let message)? = fault["message"], !message.isEmpty
        else { throw Objection("the error does not say what is wrong: \(text)") }
        let documented = ErrorCode.documented[ErrorCode(rawValue: Int(code))] != nil
        try demand(documented || protocolCodes.contains(code), "\(code) is not documented: \(text)")
        try demand(code != Int64(ErrorCode.internalFault.rawValue), "a method met a fault of the server: \(text)")
    }

    /// docs/subscriber-protocol.md lists them.
    private static let protocolCodes: [Int64] = [-32700, -32600, -32601, -32602, -32000]
}

extension JSONValue {
    /// Whether nobody waits for an answer: a request without an `id`, or nothing but such.
    fileprivate var isSilent: Bool {
        switch self {
        case .object(let object): object["id"] == nil
        case .array(let requests): requests.allSatisfy(\.isSilent)
        case .null, .bool, .number, .string: false
        }
    }
}
