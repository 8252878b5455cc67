import ChatProtocol

/// The forms of JSON-RPC 2.0.
enum JSONRPC {
    /// Error codes of JSON-RPC's own, and of those that it leaves to servers.
    enum Fault: Int64 {
        case batchIsFull = -32000
        case parseError = -32700
        case invalidRequest = -32600
        case methodNotFound = -32601
        case invalidParams = -32602
    }

    /// A method was refused.
    struct Refusal: Error {
        let code: Int64
        let message: String

        init(_ fault: Fault, _ message: String) {
            (code, self.message) = (fault.rawValue, message)
        }

        init(_ error: ChatError) {
            (code, message) = (Int64(error.code.rawValue), error.info)
        }
    }

    /// The text of a notification.
    ///
    /// - Parameter parameters: a JSON object.
    static func notification(_ method: String, parameters: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(parameters.count + 80)
        text += #"{"jsonrpc":"2.0","method":""#.utf8
        text += method.utf8
        text += #"","params":"#.utf8
        text += parameters
        text.append(UInt8(ascii: "}"))
        return text
    }

    /// The text of an answer.
    ///
    /// - Parameters:
    ///   - id: the request's.
    ///   - outcome: a JSON value, or why there is none.
    static func answer(to id: JSONValue, _ outcome: Result<[UInt8], Refusal>) -> [UInt8] {
        var text: [UInt8] = []
        text += #"{"jsonrpc":"2.0","id":"#.utf8
        id.write(to: &text)
        switch outcome {
        case .success(let result):
            text += #","result":"#.utf8
            text += result
        case .failure(let refusal):
            let error: JSONObject = ["code": .integer(refusal.code), "message": .string(refusal.message)]
            text += #","error":"#.utf8
            JSONValue.object(error).write(to: &text)
        }
        text.append(UInt8(ascii: "}"))
        return text
    }

    /// One request.
    struct Request: Sendable {
        /// Nil asks for no answer.
        let id: JSONValue?
        let method: String
        /// An object, when it is as it should be.
        let parameters: JSONValue

        /// - Throws: -32600 when it is none.
        init(_ value: JSONValue) throws(Refusal) {
            guard case .object(let object) = value, object["jsonrpc"] == .string("2.0"),
                case .string(let method)? = object["method"]
            else {
                throw Refusal(.invalidRequest, "A request is an object with \"jsonrpc\":\"2.0\" and a \"method\".")
            }
            switch object["id"] {
            case nil, .null?, .string?, .number?: id = object["id"]
            default: throw Refusal(.invalidRequest, "An \"id\" is a string or a number.")
            }
            self.method = method
            parameters = object["params"] ?? .object([:])
        }
    }

    /// The id of something that may be no request.
    static func id(of value: JSONValue) -> JSONValue {
        guard case .object(let object) = value, let id = object["id"] else { return .null }
        switch id {
        case .string, .number: return id
        case .null, .bool, .array, .object: return .null
        }
    }
}
