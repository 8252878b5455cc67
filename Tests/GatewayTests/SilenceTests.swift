import ChatProtocol
import Gateway
import RostrumTesting
import Testing

/// Who counts as gone (docs/subscriber-protocol.md, "Ends").
///
/// It takes a minute, for the server's patience is real time.
@Suite(.timeLimit(.minutes(5))) struct SilenceTests {
    @Test("a client that neither says nor reads anything is ended, and one that reads slowly, or answers pings, is not")
    func silence() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            try await node.createChannel()
            let before = try await node.login("anna")
            try await node.subscribe("anna")
            let epoch = try await before.next("onOfficialAccountSubscribed")["Epoch"] ?? .null
            try await before.close()
            let text = String(repeating: "x", count: 11_000)
            for _ in 0..<90 { try await node.post(text) }

            // Both send nothing after their request, and answer no pings. Before the others, so that their time would be up
            // first.
            let position: JSONObject = ["Epoch": epoch, "MsgSeq": .integer(0), "EventSeq": .integer(0)]
            let request = LiveClient.request("resume", ["@TOA#_news": .object(position)], id: .integer(1))
            /// The socket when the answer has begun, and how long it is.
            func ask() async throws -> (RawWebSocket, length: Int) {
                let socket = try await RawWebSocket(
                    port: node.port,
                    LiveNode.target("anna", token: node.token(of: "anna")),
                    receiveBuffer: 2048
                )
                try await socket.send(.text(request))
                let head = try await socket.connection.read(10)
                return (socket, head.suffix(8).reduce(0) { $0 << 8 | Int($1) })
            }
            let ((slow, length), (stuck, _)) = (try await ask(), try await ask())
            #expect(length > 900_000)
            let lively = try await node.login("boris")
            var manners = LiveClient.Manners()
            manners.answersPings = false
            let silent = try await node.login("chen", manners)

            // Of the answer, of a megabyte, 3000 bytes are read every 10 s: less in all than one write of the server.
            var answer: [UInt8] = []
            let start = ContinuousClock.now
            var next = start
            func readOn(until end: ContinuousClock.Instant, unless isOver: () -> Bool = { false }) async throws {
                while ContinuousClock.now < end, !isOver() {
                    if next <= .now {
                        answer += try await slow.connection.read(3000)
                        next += .seconds(10)
                    }
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            try await readOn(until: start + .seconds(120)) { silent.ending != nil }
            #expect(silent.ending?.code == 1001)
            #expect(silent.ending?.reason == "nothing was heard for too long")
            // Every session is looked after once in five seconds, and one that is ended is closed within two; on a busy machine a
            // little later. Its peer would hear of that only after all that its kernel and the server's have for it.
            try await readOn(until: .now + patient(.seconds(30))) { node.gateway.census.sessions == 2 }
            // Which of the two is looked after first is chance: so the slow one's turn has come, too, when this is over.
            try await readOn(until: .now + .seconds(10))
            #expect(node.gateway.census.sessions == 2, "the one who reads nothing is gone, too")
            await stuck.connection.abort()
            #expect(answer.count < 65_536)
            answer += try await slow.connection.read(length - answer.count)
            let messages = try JSONValue(parsing: answer)["result"]?["@TOA#_news"]?["messages"]
            #expect(messages?.items.count == 90)
            try await slow.send(.text(LiveClient.request("getOfficialAccountList", [:], id: .integer(2))))
            var frame = try await slow.next()
            while frame.opcode == 9 { frame = try await slow.next() }
            #expect(try JSONValue(parsing: frame.payload)["id"]?.integer == 2)
            try await lively.call("getOfficialAccountList")
        }
    }
}
