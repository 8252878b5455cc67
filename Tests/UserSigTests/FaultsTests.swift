import Testing
import UserSig

/// All that is wrong with a token, beside the first fault that a caller is told.
@Suite struct FaultsTests {
    @Test("verifying throws the first of the faults, and nothing where there is none", arguments: [0, 1, 400, 5000])
    func firstFault(now: Int64) throws {
        for (application, identifier, keys) in [
            (7, "reader", ["old", "key"]), (8, "reader", ["key"]), (7, "other", ["key"]), (7, "reader", []),
            (7, "reader", ["another"]), (8, "other", ["another"]), (8, "other", []),
        ] as [(Int64, String, [String])] {
            for issuedAt: Int64 in [0, 400, 4000] {
                let token = UserSig.token(
                    sdkAppID: 7,
                    identifier: "reader",
                    key: "key",
                    issuedAt: issuedAt,
                    lifetime: 900
                )
                let userSig = try UserSig(decoding: token)

                let judged = userSig.faults(sdkAppID: application, identifier: identifier, keys: keys, now: now)

                var first: UserSigError?
                do {
                    let signer = try userSig.verify(
                        sdkAppID: application,
                        identifier: identifier,
                        keys: keys,
                        now: now
                    )
                    #expect(signer == judged.signer)
                } catch {
                    first = error
                }
                #expect(first == judged.faults.first)
            }
        }
    }

    @Test("every fault is in the list, each once, in the order of the judgement")
    func everyFault() throws {
        let token = UserSig.token(sdkAppID: 7, identifier: "reader", key: "key", issuedAt: 4000, lifetime: 0)
        let userSig = try UserSig(decoding: token)

        let judged = userSig.faults(sdkAppID: 8, identifier: "other", keys: ["another"], now: 0)
        let keyless = userSig.faults(sdkAppID: 7, identifier: "reader", keys: [], now: 4000)

        #expect(judged.faults == [.wrongApplication, .wrongIdentifier, .badSignature, .expired, .notYetValid])
        #expect(judged.signer == nil)
        #expect(keyless.faults == [.noKey, .expired])
    }

    @Test("the text inside is shown even when it is no document")
    func document() throws {
        let nonsense = Packing.token(document: #"{"TLS.ver":"1.0"}"#)

        #expect(try UserSig.document(in: nonsense) == #"{"TLS.ver":"1.0"}"#)
        #expect(throws: UserSigError.self) { try UserSig(decoding: nonsense) }
        #expect(throws: UserSigError.malformed(.notZlib)) { try UserSig.document(in: "AAAA") }
    }
}
