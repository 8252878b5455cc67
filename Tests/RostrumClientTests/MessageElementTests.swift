import ChatProtocol
import RostrumClient
import RostrumTesting
import Testing

@Suite("Elements of messages")
struct ElementTests {
    private static let image = ImageContent(
        uuid: "u",
        format: 3,
        renditions: [ImageRendition(url: "https://a/p", width: 8, height: 6, type: 1, bytes: 9)]
    )
    private static let video = VideoContent(
        uuid: "u",
        url: "https://a/v",
        bytes: 9,
        seconds: 3,
        format: "mp4",
        thumbnail: VideoThumbnail(uuid: "t", url: "https://a/t", width: 8, height: 6, bytes: 5, format: "JPG")
    )

    /// Every type, with all of its members and with as few as possible.
    static let samples: [(element: MessageElement, content: MessageContent)] = [
        (.text("Grüße\n"), .text("Grüße\n")),
        (.custom(data: "{}"), .custom(CustomContent(data: "{}"))),
        sample(
            CustomContent(data: "a", description: "b", ext: "c", sound: "d"),
            MessageElement.custom,
            { .custom($0) }
        ),
        sample(LocationContent(latitude: 59.5, longitude: -0.25), MessageElement.location, { .location($0) }),
        sample(
            LocationContent(latitude: 1e-7, longitude: 1e20, description: "There"),
            MessageElement.location,
            { .location($0) }
        ),
        sample(FaceContent(index: 5, data: "\u{1}"), MessageElement.face, { .face($0) }),
        sample(SoundContent(uuid: "u", url: "https://a/s", bytes: 9, seconds: 2), MessageElement.sound, { .sound($0) }),
        sample(FileContent(uuid: "u", url: "https://a/f", bytes: 9, name: "f.pdf"), MessageElement.file, { .file($0) }),
        sample(FileContent(uuid: "u"), MessageElement.file, { .file($0) }),
        sample(image, MessageElement.image, { .image($0) }),
        sample(video, MessageElement.video, { .video($0) }),
    ]

    private static func sample<Content>(
        _ content: Content,
        _ make: (Content) -> MessageElement,
        _ show: (Content) -> MessageContent
    ) -> (element: MessageElement, content: MessageContent) {
        (make(content), show(content))
    }

    @Test("show the content that they were made with", arguments: samples.indices)
    func roundTrip(index: Int) throws {
        let (element, content) = Self.samples[index]

        #expect(element.content == content)
        #expect(MessageElement(try RawJSON(parsing: element.raw.text)) == element)
    }

    @Test("follow the server's rules for what is sent", arguments: samples.indices)
    func acceptable(index: Int) throws {
        _ = try MessageBody([JSONValue(Self.samples[index].element.raw.text)])
    }

    @Test(
        "stay as they came, whatever their members",
        arguments: [
            #"{"MsgType":"TIMTextElem","MsgContent":{"Text":"a","Extra":[1.50,{"b":null}]},"More":1e2}"#,
            #"{"MsgType":"TIMRelayElem","MsgContent":{"Title":"t"}}"#,
            #"{"MsgContent":{"Latitude":1.10,"Longitude":2},"MsgType":"TIMLocationElem"}"#,
        ]
    )
    func lossless(text: String) throws {
        let element = try #require(MessageElement(try RawJSON(parsing: text)))

        #expect(element.raw.text == text)
    }

    @Test(
        "of another type, or of members that are not the documented ones, have other content",
        arguments: [
            #"{"MsgType":"TIMRelayElem","MsgContent":{}}"#, #"{"MsgType":"TIMTextElem"}"#,
            #"{"MsgType":"TIMTextElem","MsgContent":{"Text":7}}"#, #"{"MsgType":"TIMTextElem","MsgContent":[]}"#,
            #"{"MsgType":"TIMImageElem","MsgContent":{"UUID":"u","ImageInfoArray":[{}]}}"#,
        ]
    )
    func otherContent(text: String) throws {
        #expect(try #require(MessageElement(try RawJSON(parsing: text))).content == .other)
    }

    @Test("are objects with a type", arguments: ["[]", "{}", #"{"MsgType":7}"#, "null"])
    func noElement(text: String) throws {
        #expect(MessageElement(try RawJSON(parsing: text)) == nil)
    }

    @Test("in a text that is no JSON have a place at which it is not")
    func noJSON() {
        #expect(throws: RawJSON.Fault.self) { try RawJSON(parsing: #"{"MsgType":"a",}"#) }
    }
}
