import Testing
import UserSig

/// The codes and sentences that callers see.
@Suite struct UserSigErrorTests {
    private static let codes: [(UserSigError, Int)] =
        [
            (.empty, 70002), (.wrongApplication, 70014), (.wrongIdentifier, 70013), (.noKey, 70016),
            (.badSignature, 70009), (.expired, 70001), (.notYetValid, 70003),
        ] + UserSigError.Malformation.allCases.map { (.malformed($0), 70003) }

    @Test("every refusal has the code of the specification", arguments: codes)
    func code(error: UserSigError, code: Int) {
        #expect(error.code == code)
    }

    @Test("every refusal explains itself in a sentence of its own")
    func explanations() {
        let explanations = Self.codes.map(\.0.explanation)

        #expect(Set(explanations).count == explanations.count)
        #expect(explanations.allSatisfy { $0.hasPrefix("The ") && $0.hasSuffix(".") })
    }
}
