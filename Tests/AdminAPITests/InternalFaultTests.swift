import AdminAPI
import Chat
import ChatProtocol
import Database
import EventBus
import RostrumTesting
import Testing

/// A fault of ours is answered with the family's own code and told to the operator alone.
@Suite struct InternalFaultTests {
    private static let cause = "cannot write /var/lib/rostrum/rostrum.db: No space left on device"

    private func withFaultyAPI(
        _ body: (TestAPI, FaultyDatabase, LoggedLines) async throws -> Void
    ) async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let faulty = FaultyDatabase(database)
            let lines = LoggedLines()
            let installation = TestInstallation(database: faulty, overrides: [.callsPerSecond: 0])
            _ = try await installation.applications.create(.example(), by: installation.operation())
            try await body(TestAPI(installation, logger: lines.logger), faulty, lines)
        }
    }

    @Test("a command whose storage fails answers its family's code", arguments: CommandExample.all)
    func duringTheCommand(example: CommandExample) async throws {
        try await withFaultyAPI { api, faulty, lines in
            try await api.prepare()
            // So that the application and the token are remembered and the command itself is what fails.
            #expect(try await api.call("account_check", #"{"CheckItem":[{"UserID":"anna"}]}"#).code == .ok)
            let card = try #require(api.card(example.command))
            faulty.fail(with: DatabaseError(.full, Self.cause))

            let reply = try await api.call(example.command, example.body)

            #expect(reply.code == DocumentedCode.internalFault(of: card), "\(reply.info)")
            expectTold(reply, lines)
            faulty.fail(with: nil)
            #expect(try await api.call(example.command, example.body).code == .ok)
        }
    }

    @Test("a storage that cannot even say who calls answers the same", arguments: CommandExample.all)
    func beforeTheCommand(example: CommandExample) async throws {
        try await withFaultyAPI { api, faulty, lines in
            let card = try #require(api.card(example.command))
            faulty.fail(with: DatabaseError(.unavailable, Self.cause))

            let reply = try await api.call(example.command, example.body)

            #expect(reply.code == DocumentedCode.internalFault(of: card), "\(reply.info)")
            expectTold(reply, lines)
        }
    }

    @Test("a fault while the caller's kicks are looked up is no refusal of the caller")
    func duringAuthentication() async throws {
        try await withFaultyAPI { api, faulty, lines in
            let request = api.request("kick", #"{"UserID":"administrator"}"#)
            #expect(try await api.send(api.request("account_check")).code.rawValue == 70402)
            // The application is remembered for 5 s; another token than the first has to be looked up.
            var other = request
            other.set(
                "usersig",
                to: UserSigFixture.token(
                    for: .administrator,
                    of: .example,
                    key: NewApplication.exampleKey,
                    issuedAt: api.installation.clock.now,
                    lifetime: 77
                )
            )
            faulty.fail(with: DatabaseError(.busy, Self.cause))

            let reply = try await api.send(other)

            #expect(reply.code.rawValue == 70500)
            expectTold(reply, lines)
        }
    }

    @Test("a fault is nobody's failed signature: twenty of them lock nobody out")
    func noLockout() async throws {
        try await withFaultyAPI { (api, faulty, _) async throws in
            faulty.fail(with: DatabaseError(.busy, Self.cause))
            for _ in 0..<25 { #expect(try await api.call("kick").code.rawValue == 70500) }
            faulty.fail(with: nil)

            #expect(try await api.call("account_check", #"{"CheckItem":[{"UserID":"anna"}]}"#).code == .ok)
        }
    }

    @Test("a stored secret that does not open is a fault of ours")
    func damagedKey() async throws {
        try await withFaultyAPI { api, faulty, lines in
            try await faulty.write { tx throws(ChatError) in
                _ = try tx.execute("UPDATE application_keys SET key_sealed = \([UInt8]([1, 2, 3]))")
            }
            api.installation.bus.publish(.applicationChanged(.example))

            let reply = try await api.call("create_official_account", "{}")

            #expect(reply.code.rawValue == 20005)
            #expect(!reply.info.contains("key") && !reply.info.contains("secret"))
            #expect(lines.all.contains { $0.contains("internal fault") && $0.contains("master key") })
        }
    }

    /// The caller reads that a retry may help, the operator reads why, and both have the same RequestId.
    private func expectTold(_ reply: TestAPI.Reply, _ lines: LoggedLines) {
        #expect(reply.info.contains("retry"))
        let text = String(decoding: reply.bytes, as: UTF8.self)
        for word in ["rostrum.db", "space", "Database", "/var"] { #expect(!text.contains(word), "\(text)") }
        let fault = lines.all.first { $0.contains("internal fault") }
        #expect(fault?.contains(reply.requestID) == true)
        #expect(fault?.contains("No space left on device") == true)
        #expect(lines.all.last?.contains(reply.requestID) == true)
        #expect(lines.all.last?.contains("code=\(reply.code.rawValue)") == true)
    }
}
