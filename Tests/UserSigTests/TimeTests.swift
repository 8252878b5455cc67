import Testing
import UserSig

/// Times are whatever a key's holder claims, up to the ends of 64 bits; none may trap.
@Suite struct TimeTests {
    private static let extremes: [Int64] = [.min, .min + 1, -301, -1, 0, 1, 301, Vector.issuedAt, .max - 1, .max]

    private func userSig(issuedAt: Int64, lifetime: Int64) throws -> UserSig {
        let token = UserSig.token(
            sdkAppID: 0,
            identifier: "reader",
            key: "key",
            issuedAt: issuedAt,
            lifetime: lifetime
        )
        return try UserSig(decoding: token)
    }

    @Test("a lifetime of nothing or less has expired, even before it was issued", arguments: [0, -1, Int64.min])
    func lifetimeIsPositive(lifetime: Int64) throws {
        let userSig = try userSig(issuedAt: 1000, lifetime: lifetime)

        for now: Int64 in [0, 999, 1000, 1001] {
            #expect(throws: UserSigError.expired) {
                try userSig.verify(sdkAppID: 0, identifier: "reader", keys: ["key"], now: now)
            }
        }
    }

    @Test("a lifetime beyond the end of time does not expire")
    func expiryIsSaturated() throws {
        let userSig = try userSig(issuedAt: Vector.issuedAt, lifetime: .max)

        #expect(userSig.expiresAt == .max)
        #expect(try userSig.verify(sdkAppID: 0, identifier: "reader", keys: ["key"], now: .max - 1) == 0)
    }

    @Test("expiry is held at the ends of 64 bits")
    func expiryNeverWraps() throws {
        #expect(try userSig(issuedAt: .max, lifetime: 1).expiresAt == .max)
        #expect(try userSig(issuedAt: .min, lifetime: -1).expiresAt == .min)
        #expect(try userSig(issuedAt: .min, lifetime: .max).expiresAt == -1)
    }

    @Test("no combination of extreme times traps or verifies outside its lifetime", arguments: extremes, extremes)
    func extremesAreJudged(issuedAt: Int64, lifetime: Int64) throws {
        let userSig = try userSig(issuedAt: issuedAt, lifetime: lifetime)

        for now in Self.extremes {
            let isAccepted = (try? userSig.verify(sdkAppID: 0, identifier: "reader", keys: ["key"], now: now)) != nil
            // The same rule in 128 bits, where nothing overflows; the end of 64 bits itself counts as expired.
            let end = min(Int128(issuedAt) + Int128(lifetime), Int128(Int64.max))
            let start = Int128(issuedAt) - 300
            #expect(isAccepted == (lifetime > 0 && Int128(now) < end && Int128(now) >= start), "now \(now)")
        }
    }
}
