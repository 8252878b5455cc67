import AdminAPI
import Chat
import ChatProtocol
import Database
import EventBus
import RostrumTesting
import Testing

/// Every code of the gateway and of UserSig comes about by itself, with a sentence that says what to change.
@Suite struct GatewayCodeTests {
    /// A request that is spoiled in one thing, without anything being done to the installation before.
    struct Spoiled: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let code: Int
        /// A word of the sentence.
        let says: String
        let spoil: @Sendable (inout TestAPI.Request) -> Void

        init(
            _ what: String,
            _ code: Int,
            says: String,
            _ spoil: @escaping @Sendable (inout TestAPI.Request) -> Void
        ) {
            (testDescription, self.code, self.says, self.spoil) = (what, code, says, spoil)
        }
    }

    private static func userSig(
        for identifier: UserID = .administrator,
        of application: SDKAppID = .example,
        key: String = NewApplication.exampleKey,
        issuedIn seconds: Int64 = 0,
        lifetime: Int64 = 86_400
    ) -> String {
        let moment = ManualClock.start.advanced(bySeconds: seconds)
        return UserSigFixture.token(for: identifier, of: application, key: key, issuedAt: moment, lifetime: lifetime)
    }

    static let spoiled = [
        Spoiled("a method that is not POST", 60002, says: "POST") { $0.method = "DELETE" },
        Spoiled("a GET without a body", 60002, says: "POST") { ($0.method, $0.body) = ("GET", .complete([])) },
        Spoiled("a body over the limit", 60002, says: "1048576") { $0.body = .tooLarge },
        Spoiled("a name of the idempotency key with a space", 60002, says: "Idempotency-Key") {
            $0.idempotencyKey = "a b"
        },
        Spoiled("a body that is no JSON", 60003, says: "JSON") { $0.body = .complete(Array("{".utf8)) },
        Spoiled("a body that stops", 60008, says: "again") { $0.body = .incomplete },
        Spoiled("a path of no command", 60009, says: "/v4/") { $0.path = "/v4/openim/nothing" },
        Spoiled("a path in capitals", 60009, says: "/v4/") { $0.path = $0.path.uppercased() },
        Spoiled("an empty path", 60009, says: "/v4/") { $0.path = "" },
        Spoiled("no sdkappid", 60012, says: "sdkappid") { $0.set("sdkappid", to: nil) },
        Spoiled("an empty sdkappid", 60012, says: "sdkappid") { $0.set("sdkappid", to: "") },
        Spoiled("an account that is a number", 60015, says: "CheckItem[0].UserID") {
            $0.body = .complete(Array(#"{"CheckItem":[{"UserID":7}]}"#.utf8))
        },
        Spoiled("no identifier", 60025, says: "identifier") { $0.set("identifier", to: nil) },
        Spoiled("an empty identifier", 60025, says: "identifier") { $0.set("identifier", to: "") },
        Spoiled("an identifier with NUL", 60025, says: "identifier") { $0.set("identifier", to: "administrator\0") },
        Spoiled("an identifier of a channel", 60025, says: "identifier") { $0.set("identifier", to: "@TOA#_news") },
        Spoiled("no usersig", 60025, says: "usersig") { $0.set("usersig", to: nil) },
        Spoiled("another contenttype", 60025, says: "contenttype") { $0.set("contenttype", to: "xml") },
        Spoiled("an empty contenttype", 60025, says: "contenttype") { $0.set("contenttype", to: "") },
        Spoiled("a contenttype in capitals", 60025, says: "contenttype") { $0.set("contenttype", to: "JSON") },
        Spoiled("a random below 0", 60025, says: "random") { $0.set("random", to: "-1") },
        Spoiled("a random with a sign", 60025, says: "random") { $0.set("random", to: "+1") },
        Spoiled("a random over 32 bits", 60025, says: "random") { $0.set("random", to: "4294967296") },
        Spoiled("a random that is no number", 60025, says: "random") { $0.set("random", to: "1.0") },
        Spoiled("a parameter that is there twice", 60025, says: "random") { $0.query.append(("random", "1")) },
        Spoiled("an expired usersig", 70001, says: "expired") {
            $0.set("usersig", to: userSig(issuedIn: -86_401))
        },
        Spoiled("a usersig of no lifetime", 70001, says: "expired") { $0.set("usersig", to: userSig(lifetime: 0)) },
        Spoiled("an empty usersig", 70002, says: "empty") { $0.set("usersig", to: "") },
        Spoiled("a usersig that is none", 70003, says: "UserSig") { $0.set("usersig", to: "abc") },
        Spoiled("a usersig from the future", 70003, says: "UserSig") { $0.set("usersig", to: userSig(issuedIn: 301)) },
        Spoiled("a usersig of another key", 70009, says: "key") { $0.set("usersig", to: userSig(key: "another")) },
        Spoiled("a usersig of another account", 70013, says: "identifier") {
            $0.set("usersig", to: userSig(for: UserID("anna")))
        },
        Spoiled("a usersig of another application", 70014, says: "SDKAppID") {
            $0.set("usersig", to: userSig(of: .other))
        },
        Spoiled("an application that is not there", 70020, says: "1400000002") {
            $0.set("sdkappid", to: "1400000002")
        },
        Spoiled("an sdkappid that is no number", 70020, says: "sdkappid") { $0.set("sdkappid", to: "1e9") },
        Spoiled("an sdkappid with a leading zero", 70020, says: "sdkappid") { $0.set("sdkappid", to: "01400000001") },
        Spoiled("an sdkappid over 32 bits", 70020, says: "sdkappid") { $0.set("sdkappid", to: "4294967296") },
        Spoiled("an sdkappid with a sign", 70020, says: "sdkappid") { $0.set("sdkappid", to: "+1400000001") },
    ]

    @Test("a request that is spoiled answers its code and says what to change", arguments: spoiled)
    func spoiledRequests(row: Spoiled) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            var request = api.request("account_check", #"{"CheckItem":[{"UserID":"anna"}]}"#)
            row.spoil(&request)

            let reply = try await api.send(request)

            #expect(reply.code.rawValue == row.code, "\(reply.info)")
            #expect(reply.info.contains(row.says), "\(reply.info)")
            expectPlain(reply, request)
        }
    }

    @Test("what may be missing or at its bounds is taken")
    func tolerated() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let body = #"{"CheckItem":[{"UserID":"anna"}]}"#
            for query: [String: String?] in [
                ["random": nil], ["contenttype": nil], ["random": "0"], ["random": "4294967295"], ["random": "007"],
                ["unknown": "x", "SDKAPPID": "1"],
            ] {
                let reply = try await api.call("account_check", body, query: query)
                #expect(reply.code == .ok, "\(query): \(reply.info)")
            }
            #expect(try await api.call("account_check", body, method: "GET").code == .ok)
        }
    }

    @Test("60007: more calls than the application may make")
    func frequency() async throws {
        try await StorageEngine.sqlite.withAPI(overrides: [.callsPerSecond: 1]) { api in
            let request = api.request("account_check", #"{"CheckItem":[{"UserID":"anna"}]}"#)
            #expect(try await api.send(request).code == .ok)

            let reply = try await api.send(request)

            #expect(reply.code.rawValue == 60007)
            #expect(reply.info.contains("account_check") && reply.info.contains("1 "), "\(reply.info)")
            expectPlain(reply, request)
        }
    }

    @Test("60010: an account that is no admin, whether it is imported or not")
    func notAdmin() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            try await api.installation.importAccounts("anna")
            for caller in ["anna", "ghost"] {
                let request = api.request("account_check", as: UserID(caller))
                let reply = try await api.send(request)
                #expect(reply.code.rawValue == 60010)
                #expect(reply.info.contains(caller) && reply.info.contains("admin"))
                expectPlain(reply, request)
            }
        }
    }

    @Test("60016: an application that is switched off")
    func disabled() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            var change = ApplicationChange()
            change.isEnabled = false
            _ = try await api.installation.applications.update(.example, change, by: api.installation.operation())
            let request = api.request("account_check")

            let reply = try await api.send(request)

            #expect(reply.code.rawValue == 60016)
            #expect(reply.info.contains("enable"))
            expectPlain(reply, request)
        }
    }

    @Test("70001: a UserSig that a kick made void")
    func kicked() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let request = api.request("kick", #"{"UserID":"administrator"}"#)
            #expect(try await api.send(request).code == .ok)

            let reply = try await api.send(request)
            api.installation.clock.advance(seconds: 1)
            let renewed = try await api.call("kick", #"{"UserID":"administrator"}"#)

            #expect(reply.code.rawValue == 70001)
            #expect(reply.info.contains("new one"))
            expectPlain(reply, request)
            #expect(renewed.code == .ok)
        }
    }

    @Test("70016: an application without a key")
    func noKey() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            try await api.installation.database.write { tx throws(ChatError) in
                _ = try tx.execute("DELETE FROM application_keys")
            }
            api.installation.bus.publish(.applicationChanged(.example))
            let request = api.request("account_check")

            let reply = try await api.send(request)

            #expect(reply.code.rawValue == 70016)
            expectPlain(reply, request)
        }
    }

    @Test("70050: too many failed signatures, from one address for one account only")
    func lockedOut() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let bad = api.request("account_check", signedWith: "another key")
            for _ in 0..<20 { #expect(try await api.send(bad).code.rawValue == 70009) }
            let good = api.request("account_check", #"{"CheckItem":[{"UserID":"anna"}]}"#)

            let reply = try await api.send(good)
            var elsewhere = good
            elsewhere.address = "192.0.2.2"

            #expect(reply.code.rawValue == 70050)
            #expect(reply.info.contains("minute"))
            expectPlain(reply, good)
            #expect(try await api.send(elsewhere).code == .ok)
            api.installation.clock.advance(seconds: 60)
            #expect(try await api.send(good).code == .ok)
        }
    }

    @Test("131000: a channel service that is off or over, for its own commands only")
    func channelService() async throws {
        try await StorageEngine.sqlite.withAPI(plan: .trial) { api in
            try await api.prepare()
            api.installation.clock.advance(seconds: 30 * 86_400)
            for example in CommandExample.all {
                let card = try #require(api.card(example.command))
                let request = api.request(example.command, example.body)
                let reply = try await api.send(request)
                if ["official_account_open_http_svc", "rostrum_svc"].contains(card.service) {
                    #expect(reply.code.rawValue == 131000, "\(example.command)")
                    #expect(reply.info.contains("rostrum app set"))
                    expectPlain(reply, request)
                } else {
                    #expect(reply.code.rawValue != 131000, "\(example.command)")
                }
            }
        }
    }

    /// A whole sentence that holds nothing internal and nothing secret.
    private func expectPlain(_ reply: TestAPI.Reply, _ request: TestAPI.Request) {
        let info = reply.info
        #expect(info.hasSuffix("."), "\(info)")
        #expect((10...300).contains(info.utf8.count), "\(info)")
        for word in ["Error", "Optional", "nil", "SELECT", "sqlite", "SQLite", "swift", "Swift", "fatal", "\n"] {
            #expect(!info.contains(word), "\(info)")
        }
        #expect(!info.contains(NewApplication.exampleKey))
        for (_, token) in request.query where token.utf8.count > 20 { #expect(!info.contains(token)) }
        #expect(ErrorCode.documented[reply.code] != nil)
    }
}
