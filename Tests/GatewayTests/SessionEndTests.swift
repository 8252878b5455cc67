import Chat
import ChatProtocol
import Gateway
import MetricsTestKit
import RostrumTesting
import Testing
import UserSig

/// How the server ends sessions, and what it says first (docs/subscriber-protocol.md, "Ends").
@Suite(.timeLimit(.minutes(5))) struct SessionEndTests {
    /// Expects the end of a session, after a notification.
    private func expectEnd(
        _ client: LiveClient,
        _ code: UInt16,
        _ method: String,
        reason: String? = nil,
        within limit: Duration = .seconds(10)
    ) async throws {
        let ending = try await client.end(within: limit)
        #expect(ending.code == code)
        #expect(client.notifications.last?.method == method)
        #expect(client.notifications.last?.parameters["Reason"]?.text == reason)
    }

    @Test("one session more than the user may have ends the oldest", arguments: StorageEngine.enabled)
    func replaced(engine: StorageEngine) async throws {
        try await engine.withLiveNode { node in
            try await node.installation.setLimits([.connectionsPerUser: 2])
            let first = try await node.enter("anna")
            let second = try await node.enter("anna")
            let other = try await node.enter("boris")
            let third = try await node.enter("anna")

            try await expectEnd(first, 4409, "onKickedOffline", reason: "replaced")
            for client in [second, third, other] { try await client.call("getOfficialAccountList") }
            try await waitUntil("the first is gone") { node.gateway.census.sessions == 3 }
        }
    }

    @Test("a kick ends every session of the account, and no other")
    func kicked() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            let clients = [try await node.login("anna"), try await node.login("anna")]
            let boris = try await node.login("boris")
            node.installation.clock.advance(seconds: 1)
            try await node.installation.accounts.kick(UserID("anna"), for: node.installation.call())

            for client in clients { try await expectEnd(client, 4401, "onKickedOffline", reason: "kicked") }
            try await boris.call("getOfficialAccountList")
        }
    }

    @Test("a gateway that stops ends the sessions that nobody else has told")
    func stopped() async throws {
        var options = LiveNode.Options()
        options.comparisonInterval = .seconds(3600)
        try await StorageEngine.sqlite.withLiveNode(over: HeldReads.init, options) { node, reads in
            let anna = try await node.login("anna")
            reads.holdAll()
            defer { reads.goOn() }
            async let late = node.login("boris")
            try await waitUntil("he is being let in") { reads.waitingCount > 0 }
            async let stopping: Void = node.stopGateway()
            #expect(try await anna.end(within: .seconds(5)).code == 1001)

            reads.goOn()
            let boris = try await late
            await stopping
            // Nobody is left who would answer.
            boris.send("getOfficialAccountList")
            #expect(try await boris.end(within: .seconds(5)).code == 1001)
        }
    }

    @Test("the deletion of the account ends its sessions")
    func deleted() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            let anna = try await node.login("anna")
            _ = try await node.installation.accounts.delete([UserID("anna")], for: node.installation.call())
            try await expectEnd(anna, 4403, "onKickedOffline", reason: "deleted")
        }
    }

    @Test("an application that is disabled, deleted or emptied ends its sessions")
    func application() async throws {
        for action in ["disable", "delete", "empty"] {
            try await StorageEngine.sqlite.withLiveNode { node in
                let installation = node.installation
                let anna = try await node.login("anna")
                switch action {
                case "disable":
                    var change = ApplicationChange()
                    change.isEnabled = false
                    _ = try await installation.applications.update(.example, change, by: installation.operation())
                case "delete": try await installation.applications.delete(.example, by: installation.operation())
                default: try await installation.applications.empty(.example, by: installation.operation())
                }
                let reason = action == "empty" ? "deleted" : "disabled"
                try await expectEnd(anna, 4403, "onKickedOffline", reason: reason)
            }
        }
    }

    @Test("a key that is taken away ends the sessions that it let in, and no others")
    func key() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            let installation = node.installation
            let key = String(repeating: "ab", count: 32)
            let old = try await node.login("anna")
            installation.clock.advance(seconds: 1)
            _ = try await installation.applications.rotateKey(of: .example, to: key, by: installation.operation())
            let token = UserSig.example(for: UserID("anna"), key: key, issuedAt: installation.clock.now)
            let new = try await LiveClient.connect(port: node.port, to: LiveNode.target("anna", token: token))
            try await old.call("getOfficialAccountList")
            _ = try await installation.applications.dropOldKeys(of: .example, by: installation.operation())

            try await expectEnd(old, 4401, "onUserSigExpired")
            try await new.call("getOfficialAccountList")
        }
    }

    @Test("a UserSig that runs out ends its session within its turn of the wheel")
    func expired() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            let token = node.token(of: "anna", lifetime: 60)
            let short = try await LiveClient.connect(port: node.port, to: LiveNode.target("anna", token: token))
            let long = try await node.login("anna")
            node.installation.clock.advance(seconds: 59)
            try await short.call("getOfficialAccountList")
            node.installation.clock.advance(seconds: 1)

            try await expectEnd(short, 4401, "onUserSigExpired")
            try await long.call("getOfficialAccountList")
        }
    }

    /// An end that comes before its session has opened.
    struct EarlyEnd: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: UInt16
        let method: String
        let reason: String?
        let action: @Sendable (TestInstallation) async throws -> Void

        init(
            _ what: String,
            _ code: UInt16,
            _ reason: String?,
            by method: String = "onKickedOffline",
            _ action: @escaping @Sendable (TestInstallation) async throws -> Void
        ) {
            (testDescription, self.code, self.method, self.reason, self.action) = (what, code, method, reason, action)
        }
    }

    static let earlyEnds = [
        EarlyEnd("a kick", 4401, "kicked") { try await $0.accounts.kick(UserID("anna"), for: $0.call()) },
        EarlyEnd("the account's deletion", 4403, "deleted") {
            _ = try await $0.accounts.delete([UserID("anna")], for: $0.call())
        },
        EarlyEnd("the application's emptying", 4403, "deleted") {
            try await $0.applications.empty(.example, by: $0.operation())
        },
        EarlyEnd("the application's deletion", 4403, "disabled") {
            try await $0.applications.delete(.example, by: $0.operation())
        },
        EarlyEnd("the application's end of service", 4403, "disabled") {
            var change = ApplicationChange()
            change.isEnabled = false
            _ = try await $0.applications.update(.example, change, by: $0.operation())
        },
        EarlyEnd("the end of a key", 4401, nil, by: "onUserSigExpired") {
            let key = String(repeating: "ab", count: 32)
            _ = try await $0.applications.rotateKey(of: .example, to: key, by: $0.operation())
            _ = try await $0.applications.dropOldKeys(of: .example, by: $0.operation())
        },
    ]

    @Test("who is ended between his login and the opening of his session is told why", arguments: earlyEnds)
    func early(end: EarlyEnd) async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            node.interlude.set {
                #expect(node.gateway.census.sessions == 1)
                try await end.action(node.installation)
                try await waitUntil("the session is ended") { node.gateway.census.sessions == 0 }
            }
            let anna = try await node.login("anna")

            try await expectEnd(anna, end.code, end.method, reason: end.reason)
            #expect(anna.notifications.count == 1)
            #expect(node.gateway.census == Gateway.Census())
        }
    }

    @Test("a node that stops says that it goes away, and leaves nothing behind")
    func quiescing() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            try await node.createChannel()
            let anna = try await node.login("anna")
            try await node.subscribe("anna")
            _ = try await anna.next("onOfficialAccountSubscribed")
            node.quiesce()

            #expect(try await anna.end().code == 1001)
            try await waitUntil("nothing is left") {
                node.gateway.census == Gateway.Census()
            }
        }
    }

    @Test("binary data, broken text and a message that is too long end the session with their codes")
    func broken() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            let frames: [(RawWebSocket.Frame, UInt16)] = [
                (.binary([1, 2]), 1003), (.init(1, [0xFF, 0xFE]), 1007), (.init(3), 1002),
                (.text(String(repeating: "x", count: 70_000)), 1009),
            ]
            for (frame, code) in frames {
                let anna = try await node.login("anna")
                anna.send(frame)
                #expect(try await anna.end().code == code)
            }
        }
    }

    @Test("every end is counted once under its code, whoever brought it about")
    func counted() async throws {
        let metrics = TestMetrics()
        var options = LiveNode.Options()
        options.metrics = metrics
        try await StorageEngine.sqlite.withLiveNode(options) { node in
            let ends: [(code: String, (LiveClient) -> Void)] = [
                ("1000", { $0.send(.close(1000)) }), ("1001", { $0.send(.close(1001)) }),
                ("1002", { $0.send(.init(3)) }), ("1003", { $0.send(.binary([1])) }), ("1005", { $0.send(.init(8)) }),
                ("1006", { $0.abort() }), ("1007", { $0.send(.init(1, [0xFF])) }),
                ("1008", { client in for _ in 0..<1500 { client.send(.ping()) } }),
                ("1009", { $0.send(.text(String(repeating: "x", count: 70_000))) }),
                ("other", { $0.send(.close(4000)) }), ("other", { $0.send(.close(4001)) }),
            ]
            for (_, end) in ends {
                let client = try await node.login("anna")
                end(client)
                _ = try await client.end()
            }
            try await waitUntil("all have gone") { node.gateway.census == Gateway.Census() }

            for (code, _) in ends {
                let count: Int64 = code == "other" ? 2 : 1
                #expect(metrics.totalValue("rostrum_session_ends", [("code", code)]) == count, "\(code)")
            }
        }
    }

    @Test("when all have gone in whatever way, nothing is kept for them")
    func nothingIsLeft() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            try await node.createChannel()
            for user in ["anna", "boris"] {
                _ = try await node.login(user).close()
                try await node.subscribe(user)
            }
            for round in 0..<20 {
                let client = try await node.login(round.isMultiple(of: 2) ? "anna" : "boris", from: "192.0.2.\(round)")
                switch round % 4 {
                case 0: try await client.close()
                case 1: client.abort()
                case 2:
                    client.send("resume")
                    client.abort()
                default: client.send(.binary([0]))
                }
            }
            try await waitUntil("nothing is left") {
                node.gateway.census == Gateway.Census()
            }
        }
    }
}
