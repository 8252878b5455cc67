import AdminAPI
import Chat
import ChatProtocol
import Database
import Gateway
import RostrumTesting
import Testing
import UserSig

/// Who is let in, and how the others hear of it (docs/subscriber-protocol.md, "Logging in").
@Suite(.timeLimit(.minutes(5))) struct LoginTests {
    @Test("a first login imports the account", arguments: StorageEngine.enabled)
    func imports(engine: StorageEngine) async throws {
        try await engine.withLiveNode { node in
            let anna = try await node.login("anna")

            let imported = try await node.installation.accounts.imported(
                among: [UserID("anna")],
                of: node.installation.application()
            )
            #expect(imported == [UserID("anna")])
            #expect(anna.reply["sec-websocket-protocol"] == nil)
            try await anna.close()
        }
    }

    @Test("a token that is offered as a subprotocol lets in, and the one in the URL counts before it")
    func subprotocol() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            var manners = LiveClient.Manners()
            manners.headers = [("Sec-WebSocket-Protocol", "rostrum.v1, \(node.token(of: "anna"))")]
            let anna = try await LiveClient.connect(
                port: node.port,
                to: LiveNode.target("anna", token: nil),
                manners
            )
            #expect(anna.reply["sec-websocket-protocol"] == "rostrum.v1")
            try await anna.call("getOfficialAccountList")

            let refused = try await LiveClient.connect(
                port: node.port,
                to: LiveNode.target("anna", token: "nonsense"),
                manners
            )
            #expect(try await refused.end().code == 4401)
        }
    }

    /// A login that is refused.
    struct Refusal: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: ErrorCode
        let target: @Sendable (LiveNode) -> String

        init(_ what: String, _ code: ErrorCode, _ target: @escaping @Sendable (LiveNode) -> String) {
            (testDescription, self.code, self.target) = (what, code, target)
        }
    }

    static let refusals = [
        Refusal("no application", .sdkAppIDMissing) {
            "\(Gateway.path)?identifier=anna&usersig=\($0.token(of: "anna"))"
        },
        Refusal("an unknown application", .applicationNotFound) {
            LiveNode.target("anna", of: .other, token: $0.token(of: "anna"))
        },
        Refusal("no identifier", .badURLParameter) {
            "\(Gateway.path)?sdkappid=\(SDKAppID.example.rawValue)&usersig=\($0.token(of: "anna"))"
        },
        Refusal("an identifier that is none", .badURLParameter) {
            LiveNode.target("a%20%00b", token: $0.token(of: "anna"))
        },
        Refusal("no UserSig", .badURLParameter) { _ in LiveNode.target("anna", token: nil) },
        Refusal("an empty UserSig", .userSigEmpty) { _ in LiveNode.target("anna", token: "") },
        Refusal("a UserSig that is none", .userSigIllegal) { _ in LiveNode.target("anna", token: "nonsense") },
        Refusal("another key's", .userSigCheckFailed) { _ in
            LiveNode.target("anna", token: UserSig.example(for: UserID("anna"), key: String(repeating: "0", count: 64)))
        },
        Refusal("another user's", .userSigOtherIdentifier) { LiveNode.target("anna", token: $0.token(of: "boris")) },
        Refusal("another application's", .userSigOtherApplication) { _ in
            LiveNode.target("anna", token: UserSig.example(for: UserID("anna"), of: .other))
        },
        Refusal("an expired one", .userSigExpired) { node in
            let issued = node.installation.clock.now.advanced(bySeconds: -100)
            return LiveNode.target(
                "anna",
                token: UserSig.example(for: UserID("anna"), issuedAt: issued, lifetime: 50)
            )
        },
        Refusal("one from the future", .userSigIllegal) { node in
            let issued = node.installation.clock.now.advanced(bySeconds: 3600)
            return LiveNode.target("anna", token: UserSig.example(for: UserID("anna"), issuedAt: issued))
        },
        Refusal("a parameter that stands twice", .badURLParameter) {
            LiveNode.target("anna", token: $0.token(of: "anna"), more: "&identifier=boris")
        },
        Refusal("a broken percent-encoding", .httpParsingFailed) {
            LiveNode.target("anna", token: $0.token(of: "anna"), more: "&platform=%4")
        },
    ]

    @Test("a refused login is HTTP 401 with the envelope, or 4401 to who offers the subprotocol", arguments: refusals)
    func refused(row: Refusal) async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            try await expectRefusal(row.code, 401, 4401, row.target(node), node)
            #expect(node.gateway.census == Gateway.Census())
        }
    }

    private func expectRefusal(
        _ code: ErrorCode,
        _ status: Int,
        _ close: UInt16,
        _ target: String,
        _ node: LiveNode,
        from address: String? = nil
    ) async throws {
        var manners = LiveClient.Manners()
        if let address { manners.headers = [(LiveNode.addressHeader, address)] }
        let refused = await #expect(throws: RawWebSocket.Refused.self) {
            try await LiveClient.connect(port: node.port, to: target, manners)
        }
        let reply = try #require(refused?.reply)
        #expect(reply.status == status)
        #expect(reply["content-type"] == "application/json")
        #expect(try TestAPI.Reply(reply.body).code == code)

        manners.headers.append(("Sec-WebSocket-Protocol", "rostrum.v1"))
        let client = try await LiveClient.connect(port: node.port, to: target, manners)
        let ending = try await client.end()
        #expect(ending.code == close)
        #expect(ending.reason.utf8.count <= ChatError.longestCloseReason)
        let envelope = try JSONValue(parsing: Array(ending.reason.utf8))
        #expect(envelope["ActionStatus"]?.text == "FAIL")
        #expect(envelope["ErrorCode"]?.integer == Int64(code.rawValue))
        #expect(envelope["ErrorInfo"]?.text?.isEmpty == false)
        #expect(client.notifications.isEmpty)
    }

    @Test("a disabled application, a kicked token, a deleted account and a full plan refuse")
    func refusedByState() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            let installation = node.installation
            try await installation.importAccounts("anna", "boris")
            let (anna, boris) = (node.token(of: "anna"), node.token(of: "boris"))
            installation.clock.advance(seconds: 5)
            try await installation.accounts.kick(UserID("anna"), for: installation.call())
            _ = try await installation.accounts.delete([UserID("boris")], for: installation.call())
            try await expectRefusal(.userSigExpired, 401, 4401, LiveNode.target("anna", token: anna), node)
            try await expectRefusal(.userSigExpired, 401, 4401, LiveNode.target("boris", token: boris), node)
            installation.clock.advance(seconds: 5)
            let again = LiveNode.target("boris", token: node.token(of: "boris"))
            try await expectRefusal(.accountRecentlyDeleted, 401, 4401, again, node)

            try await installation.setLimits([.accounts: 1])
            let chen = LiveNode.target("chen", token: node.token(of: "chen"))
            try await expectRefusal(.accountQuotaExceeded, 401, 4401, chen, node)

            var change = ApplicationChange()
            change.isEnabled = false
            _ = try await installation.applications.update(.example, change, by: installation.operation())
            let late = LiveNode.target("anna", token: node.token(of: "anna"))
            try await expectRefusal(.applicationDisabled, 401, 4401, late, node)
            #expect(node.gateway.census == Gateway.Census())
        }
    }

    @Test("many failed signatures lock out")
    func lockedOut() async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            let wrong = UserSig.example(for: UserID("anna"), key: String(repeating: "0", count: 64))
            for _ in 0..<20 {
                await #expect(throws: RawWebSocket.Refused.self) {
                    try await LiveClient.connect(port: node.port, to: LiveNode.target("anna", token: wrong))
                }
            }
            let right = LiveNode.target("anna", token: node.token(of: "anna"))
            try await expectRefusal(.userSigLockedOut, 401, 4401, right, node)
        }
    }

    @Test("a storage in trouble is HTTP 503, or 1013, and leaves nothing behind")
    func trouble() async throws {
        try await StorageEngine.sqlite.withLiveNode(over: FaultyDatabase.init) { node, faulty in
            let anna = try await node.login("anna")
            try await anna.close()
            faulty.fail(with: DatabaseError(.unavailable, "the test says so"))
            let target = LiveNode.target("anna", token: node.token(of: "anna"))
            try await expectRefusal(.internalFault, 503, 1013, target, node)
            faulty.fail(with: nil)
            try await waitUntil("nothing is left") {
                node.gateway.census == Gateway.Census()
            }
        }
    }

    @Test("the reason of a close holds the envelope of every code, whatever its text")
    func reasons() throws {
        for (code, text) in ErrorCode.documented {
            for info in [text, String(repeating: text, count: 10), String(repeating: "\u{1F6A2}\"\\\n", count: 40), ""]
            {
                let reason = ChatError(code, info).closeReason
                #expect(reason.utf8.count <= 123)
                #expect(try JSONValue(parsing: Array(reason.utf8))["ErrorCode"]?.integer == Int64(code.rawValue))
            }
        }
    }

    @Test(
        "a platform is known in any letters",
        arguments: [
            ("Web", "Web"), ("web", "Web"), ("IOS", "iPhone"), ("Android", "Android"), ("windows", "PC"),
            ("ipad", "iPad"), ("macOS", "Mac"), ("mac", "Mac"), ("RESTAPI", "Unknown"), ("fridge", "Unknown"),
            ("", "Unknown"),
        ]
    )
    func platforms(name: String, shown: String) async throws {
        try await StorageEngine.sqlite.withLiveNode { node in
            let anna = try await node.login("anna", platform: name)
            // Answered, the session is open.
            try await anna.call("getOfficialAccountList")

            let reply = try await TestAPI(node.installation).call(
                "query_online_status",
                #"{"To_Account":["anna"],"IsNeedDetail":1}"#
            )
            #expect(reply["QueryResult"]?[0]?["Detail"]?[0]?["Platform"]?.text == shown)
            try await anna.close()
        }
    }
}
