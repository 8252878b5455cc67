import Chat
import ChatProtocol
import MetricsTestKit
import RostrumTesting
import Testing

/// Guessing an operator's password or code is slowed down, whatever the ways to go about it.
@Suite struct SignInLimitsTests {
    private static let password = "correct horse battery"

    private enum Outcome: Equatable {
        case signedIn, wrong, lockedOut
    }

    /// An installation with the operator alice.
    private func withOperators(
        _ body: (Operators, TestInstallation, HeldReads) async throws -> Void
    ) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let reads = HeldReads(installation.database)
            let operators = Operators(
                database: reads,
                clock: installation.clock,
                random: installation.random,
                secrets: installation.secrets,
                cost: .cheap
            )
            let alice = try #require(OperatorName(rawValue: "alice"))
            try await operators.create(alice, .owner, password: Self.password, by: installation.operation())
            try await body(operators, installation, reads)
        }
    }

    private func signIn(
        _ operators: Operators,
        _ name: String = "alice",
        _ password: String = Self.password,
        code: String = "",
        from address: String
    ) async throws -> Outcome {
        switch try await operators.signIn(name, password: password, code: code, from: address) {
        case .signedIn: .signedIn
        case .wrong: .wrong
        case .lockedOut: .lockedOut
        }
    }

    private func session(of name: OperatorName, _ operators: Operators) async throws -> OperatorSession {
        let token = try await operators.admit(name, from: "192.0.2.200")
        return try #require(try await operators.session(token))
    }

    @Test("who locked himself out is in the audit once, an operator by name and a stranger's word not at all")
    func lockIsTold() async throws {
        try await withOperators { operators, _, _ in
            for name in ["alice", "my password"] {
                for _ in 0..<15 { _ = try await signIn(operators, name, "wrong", from: "192.0.2.1") }
            }
            let locks = try await operators.audit(100).filter { $0.action == "sign-in locked" }
            #expect(Set(locks.map(\.target)) == ["alice", "an unknown name"])
            #expect(locks.count == 2 && locks.allSatisfy { $0.caller == "visitor" && $0.address == "192.0.2.1" })
        }
    }

    @Test("how attempts to sign in end is counted")
    func counted() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let metrics = TestMetrics()
            let operators = Operators(
                database: installation.database,
                clock: installation.clock,
                random: installation.random,
                secrets: installation.secrets,
                cost: .cheap,
                metrics: metrics
            )
            let alice = try #require(OperatorName(rawValue: "alice"))
            try await operators.create(alice, .owner, password: Self.password, by: installation.operation())
            #expect(try await signIn(operators, from: "192.0.2.1") == .signedIn)
            for _ in 0..<12 { _ = try await signIn(operators, "alice", "wrong", from: "192.0.2.1") }
            let counts = try ["signed-in", "wrong", "locked-out"].map { result in
                try metrics.expectCounter("rostrum_console_sign_ins", [("result", result)]).totalValue
            }
            #expect(counts == [1, 10, 2])
        }
    }

    @Test("an address is locked out after a hundred failures under many names, and no other is")
    func manyNames() async throws {
        try await withOperators { operators, _, _ in
            for number in 0..<100 {
                let outcome = try await signIn(operators, "name\(number)", "wrong", from: "192.0.2.1")
                #expect(outcome == .wrong)
            }
            #expect(try await signIn(operators, from: "192.0.2.1") == .lockedOut)
            #expect(try await signIn(operators, from: "192.0.2.2") == .signedIn)
        }
    }

    @Test("the addresses of one IPv6 network are one client's, and those of another are not")
    func networks() async throws {
        try await withOperators { operators, _, _ in
            for number in 0..<10 {
                let address = "2001:db8:0:1::\(number)"
                let outcome = try await signIn(operators, "alice", "wrong", from: address)
                #expect(outcome == .wrong)
            }
            #expect(try await signIn(operators, from: "2001:db8:0:1:ffff::1") == .lockedOut)
            #expect(try await signIn(operators, from: "2001:db8:0:2::1") == .signedIn)
        }
    }

    @Test("four attempts of a client are judged at once, and a fifth is refused until one is over")
    func atOnce() async throws {
        try await withOperators { operators, _, reads in
            reads.holdAll()
            async let first = signIn(operators, from: "192.0.2.1")
            async let second = signIn(operators, "bob", from: "192.0.2.1")
            async let third = signIn(operators, "carol", from: "192.0.2.1")
            async let fourth = signIn(operators, "dave", from: "192.0.2.1")
            try await waitUntil("four are under way") { reads.waitingCount == 4 }
            #expect(try await signIn(operators, from: "192.0.2.1") == .lockedOut)
            reads.goOn()
            let outcomes = try await [first, second, third, fourth]
            #expect(outcomes == [.signedIn, .wrong, .wrong, .wrong])
            #expect(try await signIn(operators, from: "192.0.2.1") == .signedIn)
        }
    }

    @Test("of what was sent at once nothing is told that was judged after the lock began")
    func sentAtOnce() async throws {
        try await withOperators { operators, _, reads in
            for _ in 0..<9 { #expect(try await signIn(operators, "alice", "wrong", from: "192.0.2.1") == .wrong) }
            let held = reads.holdNext(seesLater: true)
            async let right = signIn(operators, from: "192.0.2.1")
            await held.waitUntilBegun()
            #expect(try await signIn(operators, "alice", "wrong", from: "192.0.2.1") == .wrong)
            held.goOn()
            let outcome = try await right
            #expect(outcome == .lockedOut)
        }
    }

    @Test("who was judged by a password that was changed meanwhile gets no session")
    func changedMeanwhile() async throws {
        try await withOperators { operators, installation, reads in
            let alice = try #require(OperatorName(rawValue: "alice"))
            let held = reads.holdNext()
            async let old = signIn(operators, from: "192.0.2.1")
            await held.waitUntilBegun()
            try await operators.setPassword(of: alice, to: "another password", by: installation.operation())
            held.goOn()
            let outcome = try await old
            #expect(outcome == .wrong)
        }
    }

    @Test("who was judged without a code that is asked for by now gets no session")
    func factorMeanwhile() async throws {
        try await withOperators { operators, installation, reads in
            let alice = try #require(OperatorName(rawValue: "alice"))
            let session = try await session(of: alice, operators)
            let factor = operators.newSecondFactor()
            let held = reads.holdNext()
            async let old = signIn(operators, from: "192.0.2.1")
            await held.waitUntilBegun()
            let code = factor.code(at: installation.clock.now)
            let added = try await operators.addSecondFactor(
                factor,
                code: code,
                in: session,
                by: installation.operation()
            )
            #expect(added)
            held.goOn()
            let outcome = try await old
            #expect(outcome == .wrong)
        }
    }

    @Test("ten wrong codes after the right password lock the name from everywhere, for five minutes")
    func wrongCodes() async throws {
        try await withOperators { operators, installation, _ in
            let clock = installation.clock
            let alice = try #require(OperatorName(rawValue: "alice"))
            let factor = operators.newSecondFactor()
            let session = try await session(of: alice, operators)
            let added = try await operators.addSecondFactor(
                factor,
                code: factor.code(at: clock.now),
                in: session,
                by: installation.operation()
            )
            #expect(added)
            clock.advance(seconds: 300)
            // To forget the code, or not to know the password, is no guess at it.
            for number in 0..<20 {
                let password = number < 10 ? Self.password : "wrong"
                let code = number < 10 ? "" : "no code"
                #expect(
                    try await signIn(operators, "alice", password, code: code, from: "192.0.2.\(number)") == .wrong
                )
            }
            #expect(try await signIn(operators, code: factor.code(at: clock.now), from: "198.51.100.1") == .signedIn)

            clock.advance(seconds: 60)
            for number in 0..<10 {
                #expect(try await signIn(operators, code: "no code", from: "203.0.113.\(number)") == .wrong)
            }
            #expect(try await operators.audit(1).map(\.action) == ["second factor locked"])
            let right = factor.code(at: clock.now)
            #expect(try await signIn(operators, code: right, from: "198.51.100.1") == .wrong)
            clock.advance(seconds: 300)
            #expect(try await signIn(operators, code: factor.code(at: clock.now), from: "198.51.100.1") == .signedIn)
        }
    }
}
