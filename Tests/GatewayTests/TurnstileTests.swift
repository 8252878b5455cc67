import Chat
import ChatProtocol
import Gateway
import MetricsTestKit
import NIOCore
import NIOHTTP1
import NIOPosix
import RostrumTesting
import Testing
import WebSockets

/// Logins that come when too many others are being let in.
@Suite(.timeLimit(.minutes(5))) struct TurnstileTests {
    /// Asks the gateway's door as a connection would that waits for longer than the door's own limit.
    private func ask(
        _ node: LiveNode,
        for user: String,
        _ headers: HTTPHeaders = [:]
    ) async throws -> EventLoopFuture<UpgradeDecision> {
        let request = UpgradeRequest(
            uri: LiveNode.target(user, token: node.token(of: user)),
            headers: headers,
            peer: "192.0.2.1",
            isSecure: false
        )
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        return try await loop.submit { node.gateway.door.decide(request, on: loop) }.get()
    }

    private func isAccepted(_ decision: UpgradeDecision) -> Bool {
        if case .accept = decision { true } else { false }
    }

    @Test("only so many logins read at once, and one that has waited for 10 s is refused without reading")
    func waitsTooLong() async throws {
        let metrics = TestMetrics()
        var options = LiveNode.Options()
        (options.comparisonInterval, options.metrics) = (.seconds(3600), metrics)
        try await StorageEngine.sqlite.withLiveNode(over: HeldReads.init, options) { node, reads in
            // The application is known from here on.
            try await node.login("anna").close()
            try await waitUntil("anna has gone") { node.gateway.census == Gateway.Census() }
            reads.holdAll()
            defer { reads.goOn() }
            var readers: [EventLoopFuture<UpgradeDecision>] = []
            for number in 0..<Gateway.readersAtOnce { readers.append(try await ask(node, for: "reader\(number)")) }
            try await waitUntil("they read") { reads.waitingCount == Gateway.readersAtOnce }

            let late = try await ask(node, for: "late")
            let browser = try await ask(node, for: "browser", ["Sec-WebSocket-Protocol": "rostrum.v1"])
            let asked = NIODeadline.now()
            while NIODeadline.now() - asked < UpgradeGate.longestDecision {
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(reads.waitingCount == Gateway.readersAtOnce)
            reads.goOn()

            for reader in readers { #expect(isAccepted(try await reader.get())) }
            if case .refuse(let status, let headers, let body) = try await late.get() {
                #expect(status == .serviceUnavailable)
                #expect(headers["Content-Type"] == ["application/json"])
                #expect(try TestAPI.Reply(body).code == .requestTimedOut)
            } else {
                Issue.record("let in late")
            }
            if case .acceptAndClose(let subprotocol, let code, let reason) = try await browser.get() {
                #expect(subprotocol == "rostrum.v1")
                #expect(code.rawValue == 1013)
                let envelope = try JSONValue(parsing: Array(reason.utf8))
                #expect(envelope["ErrorCode"]?.integer == Int64(ErrorCode.requestTimedOut.rawValue))
            } else {
                Issue.record("let in late")
            }
            let there = Gateway.readersAtOnce
            #expect(node.gateway.census == Gateway.Census(sessions: there, addresses: there))
            let code = "\(ErrorCode.requestTimedOut.rawValue)"
            #expect(metrics.totalValue("rostrum_logins", [("code", code)]) == 2)
            // The line moves again.
            #expect(isAccepted(try await ask(node, for: "late").get()))
        }
    }

    static let readingMethods: [(String, JSONObject)] = [
        ("getOfficialAccountList", [:]),
        ("getOfficialAccountList", ["After": .string("@TOA#_a")]),
        ("getOfficialAccountsInfo", ["OfficialAccountIdList": .array([])]),
        (
            "getOfficialAccountsInfo",
            ["OfficialAccountIdList": .array([.object(["Official_Account": .string("@TOA#_news")])])]
        ),
        ("getHistoryMessageList", ["Official_Account": .string("@TOA#_news")]),
        ("resume", ["@TOA#_news": .object(["Epoch": .string("e"), "MsgSeq": .integer(0)])]),
    ]

    @Test("only so many sessions read a page at once, and the others get theirs after them", arguments: readingMethods)
    func pages(method: String, parameters: JSONObject) async throws {
        var options = LiveNode.Options()
        options.comparisonInterval = .seconds(3600)
        try await StorageEngine.sqlite.withLiveNode(over: HeldReads.init, options) { node, reads in
            try await node.createChannel()
            var clients: [LiveClient] = []
            for number in 0..<Gateway.readersAtOnce + 4 {
                let client = try await node.login("user\(number)")
                // Of a channel that its room has begun with nothing is read but for the page.
                try await client.call("subscribeOfficialAccount", ["Official_Account": .string("@TOA#_news")])
                try await client.call("resume", Self.readingMethods[5].1)
                clients.append(client)
            }
            reads.holdAll()
            defer { reads.goOn() }
            let requests = clients.map { ($0, $0.send(method, parameters)) }
            try await waitUntil("some read") { reads.waitingCount == Gateway.readersAtOnce }
            try await Task.sleep(for: .milliseconds(200))
            #expect(reads.waitingCount == Gateway.readersAtOnce)
            reads.goOn()

            for (client, id) in requests { _ = try await client.answer(to: id) }
        }
    }

    @Test("a login that is in line is let in when its turn comes in time")
    func waitsShortly() async throws {
        var options = LiveNode.Options()
        options.comparisonInterval = .seconds(3600)
        try await StorageEngine.sqlite.withLiveNode(over: HeldReads.init, options) { node, reads in
            try await node.login("anna").close()
            reads.holdAll()
            defer { reads.goOn() }
            var logins: [EventLoopFuture<UpgradeDecision>] = []
            for number in 0..<3 * Gateway.readersAtOnce { logins.append(try await ask(node, for: "user\(number)")) }
            try await waitUntil("some of them read") { reads.waitingCount == Gateway.readersAtOnce }
            reads.goOn()

            for login in logins { #expect(isAccepted(try await login.get())) }
        }
    }
}
