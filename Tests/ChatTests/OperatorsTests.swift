import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// Operators are made, changed and signed in.
@Suite struct OperatorsTests {
    private static let alice = OperatorName("alice")
    private static let bob = OperatorName("bob")
    private static let password = "correct horse battery"

    private func operators(_ installation: TestInstallation) -> Operators {
        Operators(
            database: installation.database,
            clock: installation.clock,
            random: installation.random,
            secrets: installation.secrets,
            cost: .cheap
        )
    }

    private func operation(_ installation: TestInstallation) -> Chat.Operation {
        Operation(performer: "cli:test", time: installation.clock.now, random: installation.random)
    }

    private func signIn(
        _ operators: Operators,
        _ name: String = "alice",
        password: String = Self.password,
        code: String = "",
        from address: String = "192.0.2.1"
    ) async throws -> String? {
        switch try await operators.signIn(name, password: password, code: code, from: address) {
        case .signedIn(_, let token): token
        case .wrong: nil
        case .lockedOut: "locked out"
        }
    }

    @Test("who knows the password gets a session, and nobody else", arguments: StorageEngine.enabled)
    func signingIn(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let operators = operators(installation)
            try await operators.create(Self.alice, .owner, password: Self.password, by: operation(installation))

            #expect(try await signIn(operators, password: "correct horse") == nil)
            #expect(try await signIn(operators, "nobody") == nil)
            #expect(try await signIn(operators, "Not A Name") == nil)
            let token = try #require(try await signIn(operators))
            let session = try #require(try await operators.session(token))
            #expect(session.who.name == Self.alice)
            #expect(session.who.role == .owner)
            #expect(try await operators.session(String(token.reversed())) == nil)
            #expect(try await operators.session(session.formToken) == nil)

            try await operators.signOut(session, from: "192.0.2.1")
            #expect(try await operators.session(token) == nil)
            let actions = try await operators.audit(10).map(\.action)
            #expect(actions.sorted() == ["app create", "operator create owner", "sign in", "sign out"])
        }
    }

    @Test("a session ends when it is idle, old, or its operator has another password or role")
    func sessionEnds() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let operators = operators(installation)
            try await operators.create(Self.alice, .owner, password: Self.password, by: operation(installation))
            let idle = try #require(try await signIn(operators))
            installation.clock.advance(seconds: Operators.idleSession)
            #expect(try await operators.session(idle) == nil)

            let busy = try #require(try await signIn(operators))
            for _ in 0..<(Operators.longestSession / 3600 - 1) {
                installation.clock.advance(seconds: 3600)
                #expect(try await operators.session(busy) != nil)
            }
            installation.clock.advance(seconds: 3600)
            #expect(try await operators.session(busy) == nil)

            let token = try #require(try await signIn(operators))
            try await operators.setPassword(of: Self.alice, to: "another password", by: operation(installation))
            #expect(try await operators.session(token) == nil)
            #expect(try await signIn(operators) == nil)
            let last = try #require(try await signIn(operators, password: "another password"))
            try await operators.create(Self.bob, .owner, password: Self.password, by: operation(installation))
            try await operators.setRole(of: Self.alice, to: .owner, by: operation(installation))
            #expect(try await operators.session(last) != nil)
            try await operators.setRole(of: Self.alice, to: .readOnly, by: operation(installation))
            #expect(try await operators.session(last) == nil)
        }
    }

    @Test("what a page that is left open asks for prolongs no session")
    func pollsAreNoUse() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let operators = operators(installation)
            try await operators.create(Self.alice, .owner, password: Self.password, by: operation(installation))
            let token = try #require(try await signIn(operators))
            installation.clock.advance(seconds: Operators.idleSession / 2)
            #expect(try await operators.session(token, isUse: false) != nil)
            installation.clock.advance(seconds: Operators.idleSession / 2)
            #expect(try await operators.session(token) == nil)
        }
    }

    @Test("ten failures lock a name out from one address, for five minutes")
    func lockout() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let operators = operators(installation)
            try await operators.create(Self.alice, .owner, password: Self.password, by: operation(installation))
            for _ in 0..<10 { #expect(try await signIn(operators, password: "wrong") == nil) }

            #expect(try await signIn(operators) == "locked out")
            #expect(try await signIn(operators, from: "192.0.2.2") != nil)
            installation.clock.advance(seconds: 300)
            let token = try await signIn(operators)
            #expect(token != nil && token != "locked out")
        }
    }

    @Test("with a second factor the code counts as well, and each code once", arguments: StorageEngine.enabled)
    func secondFactor(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let operators = operators(installation)
            let clock = installation.clock
            try await operators.create(Self.alice, .owner, password: Self.password, by: operation(installation))
            let token = try #require(try await signIn(operators))
            let other = try #require(try await signIn(operators))
            let session = try #require(try await operators.session(token))
            let secondFactor = operators.newSecondFactor()
            let wrong = try await operators.addSecondFactor(
                secondFactor,
                code: "000000",
                in: session,
                by: operation(installation)
            )
            #expect(!wrong)
            let added = try await operators.addSecondFactor(
                secondFactor,
                code: secondFactor.code(at: clock.now),
                in: session,
                by: operation(installation)
            )
            #expect(added)
            // The one that asked for it goes on, the other began without a code.
            #expect(try await operators.session(token) != nil)
            #expect(try await operators.session(other) == nil)

            #expect(try await signIn(operators) == nil)
            #expect(try await signIn(operators, code: secondFactor.code(at: clock.now)) == nil)
            clock.advance(seconds: 30)
            let code = secondFactor.code(at: clock.now)
            #expect(try await signIn(operators, password: "wrong", code: code) == nil)
            #expect(try await signIn(operators, code: code) != nil)
            #expect(try await signIn(operators, code: code) == nil)

            try await operators.removeSecondFactor(of: Self.alice, by: operation(installation))
            #expect(try await signIn(operators) != nil)
        }
    }

    /// RFC 6238, appendix B, the last six of its eight digits.
    @Test(
        "codes are those of the standard",
        arguments: [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
    )
    func standardCodes(second: Int64, code: String) throws {
        let secret = try #require(OneTimeCode(hexadecimalSecret: hexadecimal(Array("12345678901234567890".utf8))))
        #expect(secret.code(at: Timestamp(seconds: second)) == code)
        #expect(secret.text == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    }

    @Test("an owner is always left", arguments: StorageEngine.enabled)
    func lastOwner(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let operators = operators(installation)
            try await operators.create(Self.alice, .owner, password: Self.password, by: operation(installation))
            await #expect(throws: ChatError.self) {
                try await operators.setRole(of: Self.alice, to: .readOnly, by: operation(installation))
            }
            await #expect(throws: ChatError.self) {
                try await operators.delete(Self.alice, by: operation(installation))
            }
            #expect(try await operators.all().map(\.role) == [.owner])

            try await operators.create(Self.bob, .owner, password: Self.password, by: operation(installation))
            try await operators.setRole(of: Self.alice, to: .readOnly, by: operation(installation))
            #expect(try await operators.all().map(\.role) == [.readOnly, .owner])
        }
    }

    @Test("a name is taken once, and passwords have bounds")
    func refusals() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let operators = operators(installation)
            try await operators.create(Self.alice, .owner, password: Self.password, by: operation(installation))
            for (name, password) in [
                (Self.alice, Self.password), (Self.bob, "too short"), (Self.bob, String(repeating: "x", count: 257)),
            ] {
                await #expect(throws: ChatError.self) {
                    try await operators.create(name, .operator, password: password, by: operation(installation))
                }
            }
            #expect(try await operators.all().map(\.name) == [Self.alice])
        }
    }

    @Test(
        "the emulator's operator signs in without a password, which nobody else can",
        arguments: StorageEngine.enabled
    )
    func admitted(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let operators = operators(installation)
            let token = try await operators.admit(Self.alice, from: "127.0.0.1")
            #expect(try await operators.session(token)?.who.role == .owner)
            #expect(try await signIn(operators, password: "") == nil)
        }
    }
}

extension OperatorName {
    /// A name that is written in a test.
    init(_ text: String) {
        guard let name = OperatorName(rawValue: text) else { preconditionFailure("\(text) is no name") }
        self = name
    }
}
