import Chat
import ChatProtocol
import EventBus
import MetricsTestKit
import RostrumTesting
import Testing
import UserSig

/// What is remembered of a token, and for how long.
@Suite struct AuthenticationCacheTests {
    private func counts(_ metrics: TestMetrics) throws -> (hits: Int64, misses: Int64) {
        (
            try metrics.expectCounter("rostrum_usersig_cache", [("result", "hit")]).totalValue,
            try metrics.expectCounter("rostrum_usersig_cache", [("result", "miss")]).totalValue
        )
    }

    @Test("what was verified is remembered for 5 s", arguments: StorageEngine.enabled)
    func remembered(engine: StorageEngine) async throws {
        let metrics = TestMetrics()
        try await engine.withInstallation(metrics: metrics) { installation in
            for _ in 0..<5 { #expect(await installation.refusal(of: UserSig.example()) == nil) }
            let atOnce = try counts(metrics)
            installation.clock.advance(milliseconds: 4999)
            #expect(await installation.refusal(of: UserSig.example()) == nil)
            let later = try counts(metrics)
            installation.clock.advance(milliseconds: 1)
            #expect(await installation.refusal(of: UserSig.example()) == nil)
            let afterwards = try counts(metrics)

            #expect(atOnce == (4, 1))
            #expect(later == (5, 1))
            #expect(afterwards == (5, 2))
        }
    }

    @Test("what was refused is not remembered", arguments: StorageEngine.enabled)
    func refusedIsNotRemembered(engine: StorageEngine) async throws {
        let metrics = TestMetrics()
        try await engine.withInstallation(metrics: metrics) { installation in
            let token = UserSig.example(issuedAt: ManualClock.start.advanced(bySeconds: 301))
            #expect(await installation.refusal(of: token) == .userSigIllegal)
            installation.clock.advance(seconds: 1)

            #expect(await installation.refusal(of: token) == nil)
            let counted = try counts(metrics)
            #expect(counted == (0, 2))
        }
    }

    @Test("a remembered token is refused from the second of its end on", arguments: StorageEngine.enabled)
    func expiry(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let token = UserSig.example(lifetime: 3)
            #expect(await installation.refusal(of: token) == nil)
            installation.clock.advance(milliseconds: 2999)
            #expect(await installation.refusal(of: token) == nil)
            installation.clock.advance(milliseconds: 1)

            #expect(await installation.refusal(of: token) == .userSigExpired)
        }
    }

    @Test("a remembered token is good for its own identifier and application only", arguments: StorageEngine.enabled)
    func otherCallers(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.applications.create(.example(id: .other), by: installation.operation())
            #expect(await installation.refusal(of: UserSig.example()) == nil)

            let (asAnna, elsewhere) = (
                await installation.refusal(of: UserSig.example(), as: UserID("anna")),
                await installation.refusal(of: UserSig.example(), in: .other)
            )
            #expect(asAnna == .userSigOtherIdentifier)
            #expect(elsewhere == .userSigOtherApplication)
        }
    }

    /// U+212A, the Kelvin sign, is canonically equivalent to K: `==` of strings takes the two for one.
    @Test("a token is remembered by its bytes, not by what Swift takes for equal", arguments: StorageEngine.enabled)
    func byBytes(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let issuedAt = (0..<100).map { ManualClock.start.advanced(bySeconds: -$0) }
            let token = try #require(issuedAt.map { UserSig.example(issuedAt: $0) }.first { $0.contains("K") })
            let lookalike = String(token.map { $0 == "K" ? "\u{212A}" : $0 })
            try #require(!lookalike.utf8.elementsEqual(token.utf8))
            #expect(await installation.refusal(of: token) == nil)

            #expect(await installation.refusal(of: lookalike) == .userSigIllegal)
        }
    }

    @Test("an event for one application or account forgets no other's tokens", arguments: StorageEngine.enabled)
    func eventsForgetTheirOwn(engine: StorageEngine) async throws {
        let metrics = TestMetrics()
        try await engine.withInstallation(metrics: metrics) { installation in
            #expect(await installation.refusal(of: UserSig.example()) == nil)
            installation.bus.publish(.applicationChanged(.other))
            installation.bus.publish(.accountKicked(.example, UserID("anna"), lineage: 0))
            installation.bus.publish(.accountKicked(.other, .administrator, lineage: 0))
            #expect(await installation.refusal(of: UserSig.example()) == nil)
            let unaffected = try counts(metrics)
            installation.bus.publish(.accountKicked(.example, .administrator, lineage: 0))
            #expect(await installation.refusal(of: UserSig.example()) == nil)
            installation.bus.publish(.applicationChanged(.example))
            #expect(await installation.refusal(of: UserSig.example()) == nil)

            #expect(unaffected == (1, 1))
            #expect(try counts(metrics) == (1, 3))
        }
    }

    @Test("a kick forgets all tokens of its account, and nobody else's", arguments: StorageEngine.enabled)
    func kicksForgetAll(engine: StorageEngine) async throws {
        let metrics = TestMetrics()
        try await engine.withInstallation(metrics: metrics, cachedTokens: 20) { installation in
            let anna = UserID("anna")
            // More than a generation of ten.
            let tokens = (0..<7).flatMap { number in
                [UserID.administrator, anna].map { user in
                    let issuedAt = ManualClock.start.advanced(bySeconds: Int64(-number))
                    return (user, UserSig.example(for: user, issuedAt: issuedAt))
                }
            }
            func letAllIn() async {
                for (user, token) in tokens { #expect(await installation.refusal(of: token, as: user) == nil) }
            }
            await letAllIn()
            installation.bus.publish(.accountKicked(.example, anna, lineage: 0))
            await letAllIn()
            let kicked = try counts(metrics)
            installation.bus.publish(.applicationChanged(.example))
            await letAllIn()

            #expect(kicked == (7, 21))
            #expect(try counts(metrics) == (7, 35))
        }
    }

    @Test("only so many tokens are remembered, the latest", arguments: StorageEngine.enabled)
    func bounded(engine: StorageEngine) async throws {
        let metrics = TestMetrics()
        try await engine.withInstallation(metrics: metrics, cachedTokens: 20) { installation in
            let tokens = (0..<200).map { UserSig.example(issuedAt: ManualClock.start.advanced(bySeconds: -$0)) }
            for token in tokens { #expect(await installation.refusal(of: token) == nil) }
            #expect(try counts(metrics) == (0, 200))

            for token in tokens.suffix(10).reversed() { #expect(await installation.refusal(of: token) == nil) }
            let latest = try counts(metrics).hits
            for token in tokens.prefix(100) { #expect(await installation.refusal(of: token) == nil) }

            #expect(latest == 10)
            #expect(try counts(metrics) == (10, 300), "none of the old ones was there")
        }
    }

    /// What a generator makes has about 200 bytes; longer ones carry a `userbuf`.
    @Test("a token longer than 1024 bytes is verified each time and never remembered", arguments: StorageEngine.enabled)
    func longTokens(engine: StorageEngine) async throws {
        let metrics = TestMetrics()
        try await engine.withInstallation(metrics: metrics) { installation in
            let noise = installation.random.bytes(800)
            let tokens = noise.indices.map { length in
                UserSig.token(
                    sdkAppID: SDKAppID.example.rawValue,
                    identifier: UserID.administrator.rawValue,
                    key: NewApplication.exampleKey,
                    issuedAt: ManualClock.start.seconds,
                    userBuffer: Array(noise.prefix(length))
                )
            }
            let longest = try #require(tokens.last { $0.utf8.count == 1024 })
            let tooLong = try #require(tokens.first { $0.utf8.count > 1024 })

            for _ in 0..<3 { #expect(await installation.refusal(of: longest) == nil) }
            let remembered = try counts(metrics)
            for _ in 0..<3 { #expect(await installation.refusal(of: tooLong) == nil) }

            #expect(remembered == (2, 1))
            #expect(try counts(metrics) == (2, 4))
        }
    }

    @Test("a token in use is remembered while others come and go", arguments: StorageEngine.enabled)
    func usedTokensStay(engine: StorageEngine) async throws {
        let metrics = TestMetrics()
        try await engine.withInstallation(metrics: metrics, cachedTokens: 20) { installation in
            let used = UserSig.example()
            #expect(await installation.refusal(of: used) == nil)
            for number in Int64(1)...100 {
                let other = UserSig.example(issuedAt: ManualClock.start.advanced(bySeconds: -number))
                #expect(await installation.refusal(of: other) == nil)
                #expect(await installation.refusal(of: used) == nil)
            }

            let counted = try counts(metrics)
            #expect(counted == (100, 101))
        }
    }

    @Test("who was looked up before a kick was told is not remembered after it", arguments: StorageEngine.enabled)
    func lookedUpBeforeTheKick(engine: StorageEngine) async throws {
        try await engine.withHeldReads { node, other, reads in
            let application = try await node.application()
            @Sendable func refusal() async -> ErrorCode? {
                await RostrumTesting.refusal {
                    try await node.authentication.authenticate(
                        UserSig.example(),
                        as: .administrator,
                        of: application,
                        from: "192.0.2.1"
                    )
                }?.code
            }

            let read = reads.holdNext()
            async let meanwhile = refusal()
            await read.waitUntilBegun()
            try await other.accounts.kick(.administrator, for: other.call())
            node.bus.publish(.accountKicked(.example, .administrator, lineage: 0))
            read.goOn()

            #expect(await meanwhile == nil, "it saw the account as it was before the kick")
            #expect(await refusal() == .userSigExpired)
        }
    }

    @Test("many that come with one token at once are all let in", arguments: StorageEngine.enabled)
    func concurrent(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let codes = await withTaskGroup(of: ErrorCode?.self) { group in
                for _ in 0..<100 { group.addTask { await installation.refusal(of: UserSig.example()) } }
                return await group.reduce(into: []) { $0.append($1) }
            }

            #expect(codes == Array(repeating: nil, count: 100))
        }
    }
}
