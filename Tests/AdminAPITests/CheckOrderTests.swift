import AdminAPI
import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// Of two faults the one that is checked first is answered (spec/conventions.md section 8).
@Suite struct CheckOrderTests {
    /// What can be wrong with a creation, in the order of the checks.
    enum Fault: Int, CaseIterable, CustomTestStringConvertible {
        case unknownPath, brokenURL, noApplication, applicationDisabled, badRandom, wrongKey, notAdmin, tooFrequent
        case bodyTooLarge, bodyNotJSON, serviceOff, nameMissing, ownerUnknown

        var testDescription: String { "\(self)" }

        var code: Int {
            switch self {
            case .unknownPath: 60009
            case .brokenURL: 60002
            case .noApplication: 60012
            case .applicationDisabled: 60016
            case .badRandom: 60025
            case .wrongKey: 70009
            case .notAdmin: 60010
            case .tooFrequent: 60007
            case .bodyTooLarge: 60002
            case .bodyNotJSON: 60003
            case .serviceOff: 131000
            case .nameMissing: 6017
            case .ownerUnknown: 70107
            }
        }

        /// The body's faults exclude one another except that the last two can stand in one body.
        func canMeet(_ later: Fault) -> Bool {
            let bodies: Set<Fault> = [.bodyTooLarge, .bodyNotJSON, .nameMissing, .ownerUnknown]
            let areBothOfBody = bodies.contains(self) && bodies.contains(later)
            return !areBothOfBody || (self == .nameMissing && later == .ownerUnknown)
        }
    }

    static let pairs = Fault.allCases.flatMap { first in
        Fault.allCases.filter { $0.rawValue >= first.rawValue && (first == $0 || first.canMeet($0)) }
            .map { [first, $0] }
    }

    @Test("the earlier check wins", arguments: pairs)
    func earlierWins(faults: [Fault]) async throws {
        try await StorageEngine.sqlite.withAPI(overrides: [.callsPerSecond: 1]) { api in
            try await api.installation.importAccounts("anna")
            if faults.contains(.tooFrequent) {
                let reply = try await api.call("create_official_account", #"{"Owner_Account":"anna","Name":"First"}"#)
                try #require(reply.code == .ok)
            }
            var change = ApplicationChange()
            if faults.contains(.applicationDisabled) { change.isEnabled = false }
            if faults.contains(.serviceOff) { change.channelServiceIsEnabled = false }
            _ = try await api.installation.applications.update(.example, change, by: api.installation.operation())

            let reply = try await send(faults, to: api)

            #expect(reply.code.rawValue == faults[0].code, "\(reply.info)")
        }
    }

    private func send(_ faults: [Fault], to api: TestAPI) async throws -> TestAPI.Reply {
        let owner = faults.contains(.ownerUnknown) ? "ghost" : "anna"
        let name = faults.contains(.nameMissing) ? "" : #","Name":"Harbour""#
        var request = api.request(
            "create_official_account",
            faults.contains(.bodyNotJSON) ? "{" : #"{"Owner_Account":"\#(owner)"\#(name)}"#,
            as: faults.contains(.notAdmin) ? UserID("anna") : .administrator,
            signedWith: faults.contains(.wrongKey) ? "another key" : NewApplication.exampleKey
        )
        if faults.contains(.bodyTooLarge) { request.body = .tooLarge }
        if faults.contains(.unknownPath) { request.path += "s" }
        if faults.contains(.noApplication) { request.set("sdkappid", to: nil) }
        if faults.contains(.badRandom) { request.set("random", to: "-1") }
        let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        return try await api.send(request, query: faults.contains(.brokenURL) ? "%=&" + query : query)
    }

    @Test("a body that is not an object comes after the frequency and before the channel service")
    func bodyNotObject() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            var change = ApplicationChange()
            change.channelServiceIsEnabled = false
            _ = try await api.installation.applications.update(.example, change, by: api.installation.operation())

            #expect(try await api.call("create_official_account", "[]").code.rawValue == 20001)
            #expect(try await api.call("create_official_account", "{}").code.rawValue == 131000)
            #expect(try await api.call("account_import", "[]").code.rawValue == 60003)
        }
    }

    @Test("a wrong method is refused whatever else is wrong", arguments: ["PUT", "DELETE", "HEAD", "post", ""])
    func method(method: String) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let reply = try await api.call(
                "account_check",
                "{",
                query: ["sdkappid": nil, "usersig": "x"],
                method: method
            )
            #expect(reply.code.rawValue == 60002)
            #expect(reply.info.contains("POST"))
        }
    }

    @Test("the body of a call that is refused before is not read")
    func bodyIsNotRead() async throws {
        try await StorageEngine.sqlite.withAPI { api async throws in
            var request = api.request("account_check", as: UserID("anna"))
            request.body = .incomplete

            #expect(try await api.send(request).code.rawValue == 60010)
        }
    }
}
