import ChatProtocol
import RostrumTesting
import Testing

/// How a query string is taken apart (spec/conventions.md section 1).
@Suite struct URLParametersTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let query: String
        let random: String?

        var testDescription: String { String(query.prefix(60)) }

        init(_ query: String, _ random: String?) {
            (self.query, self.random) = (query, random)
        }
    }

    @Test(
        "a parameter's value",
        arguments: [
            Row("", nil), Row("&", nil), Row("&&", nil), Row("=", nil), Row("==", nil), Row("=7", nil),
            Row("random=7", "7"), Row("&&random=7&&", "7"), Row("a=b&random=7&c", "7"),
            // There and empty, with and without the sign.
            Row("random", ""), Row("random=", ""), Row("random&a=b", ""), Row("%72andom", ""),
            // The first sign ends the name; later ones belong to the value.
            Row("random=1=2", "1=2"), Row("random==", "="),
            // Names are case-sensitive and decoded like values.
            Row("RANDOM=7", nil), Row("Random=7", nil), Row("%72%61ndom=7", "7"), Row("random%3D7", nil),
            // Decoded once.
            Row("random=%2A", "*"), Row("random=%2a", "*"), Row("random=%252A", "%2A"), Row("random=%26", "&"),
            Row("random=a%2Bb", "a+b"), Row("random=a+b", "a+b"), Row("random=%E6%B8%AF", "港"),
            Row("random=%00", "\0"), Row("random=a%00b", "a\0b"), Row("random=%0A", "\n"),
            // A question mark is nothing special after the first.
            Row("?random=7", nil), Row("random=?", "?"),
            Row("random=7#random=8", "7#random=8"), Row("random=7;contenttype=json", "7;contenttype=json"),
        ]
    )
    func values(row: Row) throws {
        let parameters = try URLParameters(query: row.query[...])

        #expect(parameters.random.map { Array($0.utf8) } == row.random.map { Array($0.utf8) })
        #expect(parameters.sdkAppID == nil && parameters.identifier == nil && parameters.userSig == nil)
        #expect(parameters.contentType == nil)
    }

    @Test(
        "a broken percent or bytes that are not UTF-8 are refused with 60002",
        arguments: [
            "random=%", "random=%4", "random=%zz", "random=%4z", "random=%z4", "random=a%", "random=%%41",
            "random=% 41", "random=%+4", "random=%-1", "random=%FF", "random=%C3", "random=%C3%28", "random=%ED%A0%80",
            "random=%C0%80", "random=%F8%88%80%80%80", "%=7", "%FF=7", "usersig=%4&random=7",
        ]
    )
    func broken(query: String) {
        let refused = refusal(of: query)

        #expect(refused?.code.rawValue == 60002)
        #expect(refused?.info.contains("URL") == true)
    }

    @Test(
        "a parameter that is there twice is refused with 60025 and named",
        arguments: ["sdkappid", "identifier", "usersig", "random", "contenttype"]
    )
    func twice(name: String) {
        for query in [
            "\(name)=1&\(name)=1", "\(name)=1&\(name)=2", "\(name)&\(name)", "\(name)=&\(name)=1",
            "\(name)=1&x=2&\(name)",
        ] {
            let refused = refusal(of: query)
            #expect(refused?.code.rawValue == 60025, "\(query)")
            #expect(refused?.info.contains(name) == true, "\(query)")
        }
    }

    /// What the query is refused with; nil when it is taken.
    private func refusal(of query: String) -> ChatError? {
        do throws(ChatError) {
            _ = try URLParameters(query: query[...])
            return nil
        } catch {
            return error
        }
    }

    @Test("unknown parameters may be there as often as they like")
    func unknown() throws {
        let parameters = try URLParameters(query: "x=1&x=2&x&SDKAPPID=1&SDKAPPID=2&random=7")

        #expect(parameters.random == "7" && parameters.sdkAppID == nil)
    }

    @Test("the order is free")
    func order() throws {
        let parts = ["sdkappid=1", "identifier=a", "usersig=b*c-d_", "random=2", "contenttype=json"]
        let expected = try URLParameters(query: parts.joined(separator: "&")[...])

        for turn in parts.indices {
            let turned = parts[turn...] + parts[..<turn]
            #expect(try URLParameters(query: turned.joined(separator: "&")[...]) == expected)
            #expect(try URLParameters(query: turned.reversed().joined(separator: "&")[...]) == expected)
        }
        #expect(expected.userSig == "b*c-d_")
    }

    @Test("a very long query is taken as it is")
    func veryLong() throws {
        let value = String(repeating: "x", count: 1_000_000)
        let signs = String(repeating: "&", count: 500_000)
        let pairs = String(repeating: "a=b&", count: 100_000)
        let escapes = String(repeating: "%41", count: 100_000)

        #expect(try URLParameters(query: "random=\(value)").random?.utf8.count == 1_000_000)
        #expect(try URLParameters(query: "\(signs)random=7\(signs)").random == "7")
        #expect(try URLParameters(query: "\(pairs)random=7").random == "7")
        #expect(try URLParameters(query: "random=\(escapes)").random?.utf8.count == 100_000)
    }

    @Test("random queries never crash and are refused with 60002 or 60025 only")
    func fuzz() {
        var dice = SeededGenerator(seed: 7)
        let pieces = [
            "sdkappid", "identifier", "usersig", "random", "contenttype", "=", "&", "%", "%2", "%41", "%00", "%ff", "é",
            "\u{0}", "+", "?", "#", "json", "1400000001", " ", "\u{1F4A9}",
        ]
        for _ in 0..<5000 {
            let query = (0..<dice.below(12)).map { _ in pieces[dice.below(pieces.count)] }.joined()
            let refused = refusal(of: query)
            if let refused { #expect([60002, 60025].contains(refused.code.rawValue), "\(query)") }
        }
    }
}
