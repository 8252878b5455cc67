import ChatProtocol
import RostrumTesting
import Testing

/// The forms of JSON-RPC 2.0 as a client meets them.
@Suite(.timeLimit(.minutes(5))) struct JSONRPCTests {
    /// A text, and what is answered: nil for nothing.
    struct Exchange: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let text: String
        let answer: String?

        init(_ what: String, _ text: String, _ answer: String?) {
            (testDescription, self.text, self.answer) = (what, text, answer)
        }
    }

    private static let list = #""method":"getOfficialAccountList""#
    private static let empty =
        #""result":{"CompleteFlag":1,"Next":0,"OfficialAccountInfoList":[],"TotalCount":0}"#

    /// The messages of errors are not compared.
    static let exchanges = [
        Exchange("a number as id", #"{"jsonrpc":"2.0","id":7,\#(list)}"#, #"{"id":7,"jsonrpc":"2.0",\#(empty)}"#),
        Exchange(
            "a text as id",
            #"{"jsonrpc":"2.0","id":"a","params":{},\#(list)}"#,
            #"{"id":"a","jsonrpc":"2.0",\#(empty)}"#
        ),
        Exchange("null as id", #"{"jsonrpc":"2.0","id":null,\#(list)}"#, #"{"id":null,"jsonrpc":"2.0",\#(empty)}"#),
        Exchange("no id", #"{"jsonrpc":"2.0",\#(list)}"#, nil),
        Exchange("no id and wrong params", #"{"jsonrpc":"2.0","params":[1],\#(list)}"#, nil),
        Exchange("no id and no such method", #"{"jsonrpc":"2.0","method":"none"}"#, nil),
        Exchange("no JSON", #"{"jsonrpc""#, #"{"error":-32700,"id":null}"#),
        Exchange("no version", #"{"id":1,\#(list)}"#, #"{"error":-32600,"id":1}"#),
        Exchange("no method", #"{"jsonrpc":"2.0","id":1}"#, #"{"error":-32600,"id":1}"#),
        Exchange("an object as id", #"{"jsonrpc":"2.0","id":{},\#(list)}"#, #"{"error":-32600,"id":null}"#),
        Exchange("a text alone", #""hello""#, #"{"error":-32600,"id":null}"#),
        Exchange("params in an array", #"{"jsonrpc":"2.0","id":1,"params":[],\#(list)}"#, #"{"error":-32602,"id":1}"#),
        Exchange("no such method", #"{"jsonrpc":"2.0","id":1,"method":"none"}"#, #"{"error":-32601,"id":1}"#),
        Exchange("an empty batch", "[]", #"{"error":-32600,"id":null}"#),
        Exchange("a batch of nonsense", "[1]", #"[{"error":-32600,"id":null}]"#),
        Exchange("a batch without ids", #"[{"jsonrpc":"2.0",\#(list)}]"#, nil),
        Exchange(
            "a mixed batch",
            #"[{"jsonrpc":"2.0","id":1,\#(list)},{"jsonrpc":"2.0",\#(list)},{"jsonrpc":"2.0","id":2,"method":"none"}]"#,
            #"[{"id":1,"jsonrpc":"2.0",\#(empty)},{"error":-32601,"id":2}]"#
        ),
        Exchange(
            "a batch of 21",
            "[" + Array(repeating: #"{"jsonrpc":"2.0","id":1,\#(list)}"#, count: 21).joined(separator: ",") + "]",
            #"{"error":-32600,"id":null}"#
        ),
    ]

    @Test("every form is answered as JSON-RPC has it", arguments: exchanges)
    func forms(exchange: Exchange) async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            let anna = try await node.login("anna")
            anna.send(text: exchange.text)
            // Answered after the text, so that nothing can come later.
            anna.send(text: #"{"jsonrpc":"2.0","id":"last","method":"none"}"#)
            var answers: [String] = []
            try await waitUntil("the last answer") {
                answers = anna.arrivals.compactMap(Self.text)
                return answers.last?.contains(#""id":"last""#) == true
            }
            #expect(answers.dropLast() == (exchange.answer.map { [JSONValue($0).canonicalText] } ?? [])[...])
        }
    }

    private static func text(_ arrival: LiveClient.Arrival) -> String? {
        switch arrival {
        case .other(let value): withoutMessages(value).canonicalText
        case .answer(let id, .success(let result)):
            JSONValue.object(["jsonrpc": .string("2.0"), "id": .integer(id), "result": result]).canonicalText
        case .answer(let id, .failure(let refused)):
            JSONValue.object(["id": .integer(id), "error": .integer(refused.code)]).canonicalText
        case .notification, .ended: nil
        }
    }

    private static func withoutMessages(_ value: JSONValue) -> JSONValue {
        if case .array(let items) = value { return .array(items.map(withoutMessages)) }
        guard let code = value["error"]?["code"], let id = value["id"] else { return value }
        return .object(["id": id, "error": code])
    }

    @Test("answers come in the order of the requests")
    func order() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            try await node.createChannel()
            let anna = try await node.login("anna")
            let methods = ["subscribeOfficialAccount", "getUnreadMessageCount", "none", "unsubscribeOfficialAccount"]
            let ids = (0..<40).map { anna.send(methods[$0 % 4], ["Official_Account": .string("@TOA#_news")]) }
            _ = try? await anna.answer(to: ids[39], within: .seconds(30))
            let answered = anna.arrivals.compactMap { arrival -> Int64? in
                if case .answer(let id, _) = arrival { id } else { nil }
            }
            #expect(answered == ids)
        }
    }
}
