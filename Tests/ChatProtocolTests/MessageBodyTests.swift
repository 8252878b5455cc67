import ChatProtocol
import Testing

/// What a body is as a whole, and that it is kept as it came.
@Suite struct MessageBodyTests {
    private static let types =
        "TIMTextElem, TIMLocationElem, TIMFaceElem, TIMCustomElem, TIMSoundElem, TIMImageElem, TIMFileElem, "
        + "TIMVideoFileElem"

    @Test(
        "is refused, with the place and the rule",
        arguments: [
            ("[]", "MsgBody must be an array of at least one element; it is an array of 0."),
            (#"["x"]"#, "MsgBody[0] must be an object; it is a string of 1 bytes."),
            ("[null]", "MsgBody[0] must be an object; it is null."),
            ("[{}]", "MsgBody[0].MsgType is missing; it must be one of \(types)."),
            (
                #"[{"MsgContent":{"Text":"x"}}]"#,
                "MsgBody[0].MsgType is missing; it must be one of \(types)."
            ),
            (
                #"[{"MsgType":1,"MsgContent":{"Text":"x"}}]"#,
                "MsgBody[0].MsgType must be one of \(types); it is a number."
            ),
            (
                #"[{"MsgType":"TIMDanceElem","MsgContent":{}}]"#,
                "MsgBody[0].MsgType must be one of \(types); it is a string of 12 bytes."
            ),
            (
                #"[{"MsgType":"TIMTEXTELEM","MsgContent":{"Text":"x"}}]"#,
                "MsgBody[0].MsgType must be one of \(types); it is a string of 11 bytes."
            ),
            (
                #"[{"MsgType":"TIMRelayElem","MsgContent":{"Title":"t","MsgNum":1,"CompatibleText":"c"}}]"#,
                "MsgBody[0].MsgType must be one of \(types); it is a string of 12 bytes."
            ),
            (
                #"[{"MsgType":"TIMTextElem\u0000","MsgContent":{"Text":"x"}}]"#,
                "MsgBody[0].MsgType must be one of \(types); it is a string of 12 bytes."
            ),
            (#"[{"MsgType":"TIMTextElem"}]"#, "MsgBody[0].MsgContent is missing; it must be an object."),
            (
                #"[{"MsgType":"TIMTextElem","MsgContent":"x"}]"#,
                "MsgBody[0].MsgContent must be an object; it is a string of 1 bytes."
            ),
            (
                #"[{"MsgType":"TIMTextElem","MsgContent":null}]"#,
                "MsgBody[0].MsgContent must be an object; it is null."
            ),
            (
                #"[{"MsgType":"TIMTextElem","MsgContent":{"Text":"a"}},{"MsgType":"TIMTextElem","MsgContent":{}}]"#,
                "MsgBody[1].MsgContent.Text is missing; it must be a string."
            ),
            (
                #"""
                [{"MsgType":"TIMCustomElem","MsgContent":{"Data":"a"}},{"MsgType":"TIMTextElem","MsgContent":{"Text":"b"}},
                {"MsgType":"TIMCustomElem","MsgContent":{"Data":"c"}}]
                """#,
                "MsgBody[2] is a second TIMCustomElem; a message has at most one."
            ),
        ]
    )
    func refuses(text: String, sentence: String) throws {
        #expect(try bodyFault(in: text) == sentence)
    }

    /// The rows of the conformance suite's `broadcasts.element-bad`.
    @Test(
        "an element is refused at the member that is wrong",
        arguments: [
            ("TIMTextElem", "{}", "Text"),
            ("TIMTextElem", #"{"Text":5}"#, "Text"),
            ("TIMLocationElem", #"{"Desc":"d","Latitude":1.5}"#, "Longitude"),
            ("TIMLocationElem", #"{"Desc":"d","Latitude":"1.5","Longitude":2}"#, "Latitude"),
            ("TIMFaceElem", #"{"Index":"1","Data":"d"}"#, "Index"),
            ("TIMCustomElem", #"{"Data":{}}"#, "Data"),
            ("TIMSoundElem", #"{"Url":"u","Size":1,"Second":1,"Download_Flag":2}"#, "UUID"),
            (
                "TIMImageElem",
                #"{"ImageFormat":1,"ImageInfoArray":[{"Type":1,"Size":1,"Width":1,"Height":1,"URL":"u"}]}"#, "UUID"
            ),
            ("TIMImageElem", #"{"UUID":"u","ImageFormat":1}"#, "ImageInfoArray"),
            (
                "TIMImageElem", #"{"UUID":"u","ImageFormat":1,"ImageInfoArray":[{"Type":1,"Width":1,"Height":1}]}"#,
                "ImageInfoArray[0].URL"
            ),
            (
                "TIMImageElem", #"{"UUID":"u","ImageFormat":1,"ImageInfoArray":[{"Type":1,"Height":1,"URL":"u"}]}"#,
                "ImageInfoArray[0].Width"
            ),
            ("TIMFileElem", #"{"Url":"u","FileSize":1,"FileName":"f","Download_Flag":2}"#, "UUID"),
            (
                "TIMVideoFileElem",
                #"""
                {"VideoUrl":"u","VideoUUID":"u","VideoDownloadFlag":2,"ThumbUUID":"u","ThumbWidth":1,"ThumbHeight":1,
                "ThumbDownloadFlag":2}
                """#,
                "ThumbUrl"
            ),
        ]
    )
    func refusesElement(type: String, content: String, member: String) throws {
        let fault = try #require(try bodyFault(in: #"[{"MsgType":"\#(type)","MsgContent":\#(content)}]"#))

        #expect(fault.hasPrefix("MsgBody[0].MsgContent.\(member) "))
    }

    @Test(
        "is kept as it came",
        arguments: [
            #"[{"MsgType":"TIMTextElem","MsgContent":{"Text":"Grüße 港 🚢\n"}}]"#,
            #"[{"MsgType":"TIMLocationElem","MsgContent":{"Longitude":-116.774970,"Latitude":2.9e+1,"Desc":""}}]"#,
            #"[{"MsgType":"TIMFaceElem","MsgContent":{"Index":1.0,"Data":"a\u0000\u0001b"}}]"#,
            #"[{"MsgContent":{"Text":"x","Mood":["calm",null,1e999]},"Extra":{"\u0000":1},"MsgType":"TIMTextElem"}]"#,
            #"[{"MsgType":"TIMTextElem","MsgContent":{"Text":"1"}},{"MsgType":"TIMFaceElem","MsgContent":{"Index":2}},"#
                + #"{"MsgType":"TIMTextElem","MsgContent":{"Text":"1"}},{"MsgType":"TIMCustomElem","MsgContent":{"Ext":"4"}}]"#,
        ]
    )
    func keeps(text: String) throws {
        guard case .array(let elements) = try JSONValue(text: text) else { throw JSONTestFailure.notAnArray }

        let body = try MessageBody(elements)

        #expect(String(decoding: body.json, as: UTF8.self) == text)
        #expect(body.elements == elements)
        #expect(MessageBody(stored: body.json) == body)
    }

    @Test(
        "counts bytes without white space and needless escapes",
        arguments: [
            (String(repeating: "x", count: 12_236), 12_288),
            (String(repeating: "x", count: 12_237), 12_289),
            (String(repeating: "港", count: 4_079), 52 + 3 * 4_079),
            (String(repeating: #"\/ \u6e2f"#, count: 10), 52 + 10 * 5),
        ]
    )
    func counts(words: String, length: Int) throws {
        let text = #" [ { "MsgType" : "TIMTextElem", "MsgContent" : { "Text" : "\#(words)" } } ] "#
        guard case .array(let elements) = try JSONValue(text: text) else { throw JSONTestFailure.notAnArray }

        #expect(try MessageBody(elements).json.count == length)
    }

    @Test("is read from storage by the rules of no day", arguments: [#"[{}]"#, #"[{"MsgType":"TIMDanceElem"}]"#])
    func readsStored(text: String) {
        #expect(MessageBody(stored: Array(text.utf8))?.json == Array(text.utf8))
    }

    @Test("is not read from storage that is damaged", arguments: ["", "[", "[]", "{}", "null", "[{},1]", "[{}]x"])
    func refusesStored(text: String) {
        #expect(MessageBody(stored: Array(text.utf8)) == nil)
    }

    @Test("takes an element after a thousand, and names its place")
    func countsPlaces() throws {
        let good = #"{"MsgType":"TIMTextElem","MsgContent":{"Text":""}}"#
        let many = Array(repeating: good, count: 1000).joined(separator: ",")

        #expect(try bodyFault(in: "[\(many)]") == nil)
        #expect(try bodyFault(in: "[\(many),0]") == "MsgBody[1000] must be an object; it is a number.")
    }
}
