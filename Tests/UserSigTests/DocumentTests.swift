import Testing
import UserSig

/// Which JSON documents are read (spec/usersig.md section 3), packed here without the library.
@Suite struct DocumentTests {
    /// The signature of vector 6.1.
    private static let signature = "gVU73J52nK4yfwLDB2V3HUa48cHZaZ3zbZgRG4to7kU="

    private static let members = [
        "TLS.ver": #""2.0""#, "TLS.identifier": #""administrator""#, "TLS.sdkappid": "1400704311",
        "TLS.expire": "86400", "TLS.time": "1767225600", "TLS.sig": "\"\(signature)\"",
    ]

    private static func token(replacing changes: [String: String?] = [:]) -> String {
        var members = members
        for (name, value) in changes { members[name] = value }
        let document = members.map { "\"\($0)\":\($1)" }.joined(separator: ",")
        return Packing.token(document: "{\(document)}")
    }

    @Test("an uncompressed document in any order is read")
    func plainDocument() throws {
        #expect(try Vector.verify(Self.token()) == 0)
    }

    @Test("unknown members are ignored")
    func unknownMembers() throws {
        #expect(try Vector.verify(Self.token(replacing: ["TLS.more": #"[{"deep":null}]"#])) == 0)
    }

    @Test(
        "numbers may be decimal strings or be written with a fraction of zero",
        arguments: [
            ["TLS.sdkappid": #""1400704311""#, "TLS.expire": #""86400""#, "TLS.time": #""1767225600""#],
            ["TLS.expire": "86400.0"], ["TLS.expire": "864e2"],
        ]
    )
    func lenientNumbers(changes: [String: String]) throws {
        #expect(try Vector.verify(Self.token(replacing: changes)) == 0)
    }

    @Test(
        "anything else than a 64-bit integer is refused",
        arguments: ["TLS.sdkappid", "TLS.expire", "TLS.time"],
        [
            "9223372036854775808", "-9223372036854775809", "1e400", "-1e400", "1e19", "34.5", "NaN", "0x10", "01", "+1",
            #""9223372036854775808""#, #""1e3""#, #""34.0""#, #""+1""#, #""01""#, #""-0""#, #"" 1""#, #"""#, #""""#,
            #""\u0661""#, "null", "true", "[1]", "{}",
        ]
    )
    func strictNumbers(member: String, value: String) {
        #expect(throws: UserSigError.malformed(.badDocument)) {
            try UserSig(decoding: Self.token(replacing: [member: value]))
        }
    }

    @Test("an application number below zero is refused, as number and as string", arguments: ["-1", #""-1""#])
    func negativeApplication(value: String) {
        #expect(throws: UserSigError.malformed(.badDocument)) {
            try UserSig(decoding: Self.token(replacing: ["TLS.sdkappid": value]))
        }
    }

    @Test("negative times are read, and judged later", arguments: ["-1", #""-1""#, "-9223372036854775808"])
    func negativeTimes(value: String) throws {
        let userSig = try UserSig(decoding: Self.token(replacing: ["TLS.time": value, "TLS.expire": value]))

        #expect(userSig.issuedAt < 0)
        #expect(userSig.lifetime < 0)
    }

    @Test("every member but userbuf is required", arguments: members.keys.sorted())
    func missingMember(name: String) {
        for value in [nil, "null"] as [String?] {
            #expect(throws: UserSigError.malformed(.badDocument)) {
                try UserSig(decoding: Self.token(replacing: [name: value]))
            }
        }
    }

    @Test(
        "a version other than 2.0 is refused",
        arguments: [#""1.0""#, #""2""#, #""2.0 ""#, #""2.00""#, #""""#]
    )
    func otherVersion(version: String) {
        #expect(throws: UserSigError.malformed(.unsupportedVersion)) {
            try UserSig(decoding: Self.token(replacing: ["TLS.ver": version]))
        }
    }

    @Test(
        "a signature that is no Base64 is malformed",
        arguments: ["*", "gVU73J52nK4yfwLDB2V3HUa48cHZaZ3zbZgRG4to7kU", "gVU_3J52", "gVU7\\n"]
    )
    func signatureIsBase64(text: String) {
        #expect(throws: UserSigError.malformed(.badMember)) {
            try UserSig(decoding: Self.token(replacing: ["TLS.sig": "\"\(text)\""]))
        }
    }

    @Test("a signature cut to any length is wrong", arguments: 0..<10)
    func shortSignature(groups: Int) {
        let token = Self.token(replacing: ["TLS.sig": "\"\(Self.signature.prefix(groups * 4))\""])

        #expect(throws: UserSigError.badSignature) { try Vector.verify(token) }
    }

    @Test("a userbuf that was not signed is refused", arguments: [#""""#, #""eA==""#])
    func addedUserBuffer(value: String) {
        let token = Self.token(replacing: ["TLS.userbuf": value])

        #expect(throws: UserSigError.badSignature) { try Vector.verify(token) }
    }

    @Test("a userbuf that is no strict Base64 is malformed", arguments: ["eA", "eB==", "eA==\\n", "e-__", "="])
    func userBufferIsBase64(text: String) {
        #expect(throws: UserSigError.malformed(.badMember)) {
            try UserSig(decoding: Self.token(replacing: ["TLS.userbuf": "\"\(text)\""]))
        }
    }

    @Test(
        "a document that is no JSON object is malformed",
        arguments: ["", " ", "null", "[]", "{", "{}", "{}{}", #""text""#, "\0", #"{"TLS.ver":"\ud800"}"#]
            + [String(repeating: "[", count: 4000), String(repeating: #"{"a":"#, count: 800)]
    )
    func notAnObject(document: String) {
        #expect(throws: UserSigError.malformed(.badDocument)) {
            try UserSig(decoding: Packing.token(document: document))
        }
    }
}
