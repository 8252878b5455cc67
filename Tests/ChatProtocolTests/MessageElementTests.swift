import ChatProtocol
import Testing

/// Every documented member of every element: left out, of another kind, out of its range.
@Suite struct MessageElementTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let sample: ElementSample
        let member: String
        var testDescription: String { "\(sample.type).\(member)" }

        static func rows(_ members: (ElementSample) -> [String]) -> [Row] {
            ElementSample.all.flatMap { sample in members(sample).map { Row(sample: sample, member: $0) } }
        }
    }

    private static let strings = Row.rows(\.strings)
    private static let numbers = Row.rows(\.numbers)
    private static let flags = Row.rows(\.flags)
    private static let place = "MsgBody[0].MsgContent"

    private func fault(in row: Row, _ value: JSONValue) throws -> String? {
        bodyFault(in: [row.sample.element(try row.sample.contentObject().with(row.member, value))])
    }

    @Test("the samples cover every type, and every member that a sample has")
    func samplesAreWhole() throws {
        #expect(ElementSample.all.map(\.type).sorted() == MessageElementType.allCases.map(\.rawValue).sorted())
        for sample in ElementSample.all {
            let judged = sample.strings + sample.numbers + sample.flags + ["ImageInfoArray"]
            #expect(try sample.contentObject().members.allSatisfy { judged.contains($0.name) }, "\(sample.type)")
        }
    }

    @Test("an element of all its members is accepted", arguments: ElementSample.all)
    func acceptsWhole(sample: ElementSample) throws {
        #expect(bodyFault(in: [sample.element(try sample.contentObject())]) == nil)
    }

    @Test("a required member is missing", arguments: Row.rows(\.required))
    func refusesMissing(row: Row) throws {
        let content = try row.sample.contentObject().without([row.member])

        let fault = try #require(bodyFault(in: [row.sample.element(content)]))

        #expect(fault.hasPrefix("\(Self.place).\(row.member) is missing; it must be a"))
    }

    @Test("a member that is not required may be left out", arguments: ElementSample.all)
    func acceptsRequiredAlone(sample: ElementSample) throws {
        let content = try sample.contentObject()
        let optional = content.members.map(\.name).filter { !(sample.required + sample.together).contains($0) }

        for name in optional { #expect(bodyFault(in: [sample.element(content.without([name]))]) == nil, "\(name)") }
        let isCustom = sample.type == "TIMCustomElem"
        let bare = sample.element(content.without(optional + sample.together))
        #expect((bodyFault(in: [bare]) != nil) == isCustom)
    }

    @Test(
        "a string of another kind",
        arguments: strings,
        [("null", "null"), ("true", "a boolean"), ("5", "a number"), ("[]", "an array of 0"), ("{}", "an object")]
    )
    func refusesNotString(row: Row, wrong: (text: String, found: String)) throws {
        let fault = try fault(in: row, JSONValue(text: wrong.text))

        #expect(fault == "\(Self.place).\(row.member) must be a string; it is \(wrong.found).")
    }

    @Test("a string may be empty and hold any character", arguments: strings)
    func stringsHoldAnything(row: Row) throws {
        #expect(try fault(in: row, .string("")) == nil)
        #expect(try fault(in: row, .string("a\0\u{1}b\u{1F}\u{7F}港🚢\u{FFFF}")) == nil)
    }

    @Test(
        "a number of another kind",
        arguments: numbers,
        [("null", "null"), ("false", "a boolean"), ("\"1\"", "a string of 1 bytes"), ("{}", "an object")]
    )
    func refusesNotNumber(row: Row, wrong: (text: String, found: String)) throws {
        let fault = try fault(in: row, JSONValue(text: wrong.text))

        #expect(fault == "\(Self.place).\(row.member) must be a number; it is \(wrong.found).")
    }

    @Test("a number may be any that a double can hold", arguments: numbers)
    func numbersAreFinite(row: Row) throws {
        for text in ["0", "-0", "-1.5", "1e308", "1e-999", "18446744073709551616"] {
            #expect(try fault(in: row, JSONValue(text: text)) == nil, "\(text)")
        }
        for text in ["1e309", "-1e999999999999999999999"] {
            #expect(
                try fault(in: row, JSONValue(text: text))
                    == "\(Self.place).\(row.member) must be a number that a double can hold; it is a number."
            )
        }
    }

    @Test("a flag is 2", arguments: flags)
    func flagsAreTwo(row: Row) throws {
        for text in ["2", "2.0"] { #expect(try fault(in: row, JSONValue(text: text)) == nil) }
        for (text, found) in [
            ("1", "a number"), ("2.5", "a number"), ("\"2\"", "a string of 1 bytes"), ("null", "null"),
        ] {
            #expect(
                try fault(in: row, JSONValue(text: text))
                    == "\(Self.place).\(row.member) must be 2; it is \(found)."
            )
        }
    }

    @Test("of URLs and flags an element has all or none", arguments: ElementSample.all.filter { !$0.together.isEmpty })
    func urlsAndFlagsGoTogether(sample: ElementSample) throws {
        let content = try sample.contentObject()
        let all = (1 << sample.together.count) - 1
        for chosen in 0...all {
            let left = sample.together.enumerated().filter { chosen >> $0.offset & 1 == 1 }.map(\.element)
            let gone = sample.together.filter { !left.contains($0) }

            let fault = bodyFault(in: [sample.element(content.without(gone))])

            guard chosen != 0, chosen != all else {
                #expect(fault == nil, "\(left)")
                continue
            }
            let rule = sample.flags.contains(gone[0]) ? "2" : "a string"
            #expect(
                fault == "\(Self.place).\(gone[0]) is missing; it must be \(rule) where there is \(left[0]).",
                "\(left)"
            )
        }
    }

    @Test("a custom element has one of its four members", arguments: ["Data", "Desc", "Ext", "Sound"])
    func customHasOne(name: String) throws {
        #expect(try bodyFault(in: #"[{"MsgType":"TIMCustomElem","MsgContent":{"\#(name)":""}}]"#) == nil)
        #expect(
            try bodyFault(in: #"[{"MsgType":"TIMCustomElem","MsgContent":{"data":""}}]"#)
                == "MsgBody[0].MsgContent must have one of Data, Desc, Ext, Sound; it has none."
        )
    }

    // MARK: Images

    private func fault(inRenditions text: String) throws -> String? {
        let content = #"{"UUID":"u","ImageInfoArray":\#(text)}"#
        return try bodyFault(in: #"[{"MsgType":"TIMImageElem","MsgContent":\#(content)}]"#)
    }

    @Test(
        "the list of an image's sizes",
        arguments: [
            ("[]", " must be an array of at least one object; it is an array of 0."),
            ("{}", " must be an array of at least one object; it is an object."),
            ("null", " must be an array of at least one object; it is null."),
            ("[null]", "[0] must be an object; it is null."),
            ("[\(ElementSample.rendition),[]]", "[1] must be an object; it is an array of 0."),
            ("[\(ElementSample.rendition),{}]", "[1].Width is missing; it must be a number."),
        ]
    )
    func refusesRenditions(text: String, ending: String) throws {
        #expect(try fault(inRenditions: text) == "MsgBody[0].MsgContent.ImageInfoArray\(ending)")
    }

    @Test("a size of an image without a member", arguments: ["Type", "Size", "Width", "Height", "URL"])
    func judgesRenditionMissing(name: String) throws {
        let rendition = try JSONObject(text: ElementSample.rendition).without([name])

        let fault = try fault(inRenditions: "[\(ElementSample.rendition),\(JSONValue.object(rendition).text)]")

        let rule = name == "URL" ? "a string" : "a number"
        let place = "MsgBody[0].MsgContent.ImageInfoArray[1].\(name)"
        #expect(fault == (["Type", "Size"].contains(name) ? nil : "\(place) is missing; it must be \(rule)."))
    }

    @Test("a size of an image with a member of another kind", arguments: ["Type", "Size", "Width", "Height", "URL"])
    func refusesRenditionKind(name: String) throws {
        let wrong: JSONValue = name == "URL" ? .integer(1) : .string("1")
        let rendition = try JSONObject(text: ElementSample.rendition).with(name, wrong)

        let fault = try fault(inRenditions: "[\(JSONValue.object(rendition).text)]")

        let sentence = name == "URL" ? "a string; it is a number." : "a number; it is a string of 1 bytes."
        #expect(fault == "MsgBody[0].MsgContent.ImageInfoArray[0].\(name) must be \(sentence)")
    }

    @Test("an image may be of no size in pixels")
    func acceptsZero() throws {
        #expect(try fault(inRenditions: #"[{"Width":0,"Height":0,"URL":""}]"#) == nil)
    }
}
