import ChatProtocol
import Testing

/// An element of every member that is documented, and what is documented of each.
struct ElementSample: Sendable, CustomTestStringConvertible {
    let type: String
    let content: String
    /// Members that may not be left out.
    var required: [String] = []
    var strings: [String] = []
    var numbers: [String] = []
    /// Members that are 2 or nothing.
    var flags: [String] = []
    /// Members of which an element has all or none.
    var together: [String] = []

    var testDescription: String { type }

    static let all = [
        ElementSample(type: "TIMTextElem", content: #"{"Text":"x"}"#, required: ["Text"], strings: ["Text"]),
        ElementSample(
            type: "TIMLocationElem",
            content: #"{"Desc":"pier","Latitude":29.34065674,"Longitude":-116.77497}"#,
            required: ["Latitude", "Longitude"],
            strings: ["Desc"],
            numbers: ["Latitude", "Longitude"]
        ),
        ElementSample(
            type: "TIMFaceElem",
            content: #"{"Index":1,"Data":"d"}"#,
            required: ["Index"],
            strings: ["Data"],
            numbers: ["Index"]
        ),
        ElementSample(
            type: "TIMCustomElem",
            content: #"{"Data":"{}","Desc":"d","Ext":"e","Sound":"s.aiff"}"#,
            strings: ["Data", "Desc", "Ext", "Sound"]
        ),
        ElementSample(
            type: "TIMSoundElem",
            content: #"{"Url":"https://e/s","UUID":"u","Size":62351,"Second":1,"Download_Flag":2}"#,
            required: ["UUID"],
            strings: ["Url", "UUID"],
            numbers: ["Size", "Second"],
            flags: ["Download_Flag"],
            together: ["Url", "Download_Flag"]
        ),
        ElementSample(
            type: "TIMImageElem",
            content: #"{"UUID":"u","ImageFormat":1,"ImageInfoArray":[\#(rendition)]}"#,
            required: ["UUID", "ImageInfoArray"],
            strings: ["UUID"],
            numbers: ["ImageFormat"]
        ),
        ElementSample(
            type: "TIMFileElem",
            content: #"{"Url":"https://e/f","UUID":"u","FileSize":1,"FileName":"t.pdf","Download_Flag":2}"#,
            required: ["UUID"],
            strings: ["Url", "UUID", "FileName"],
            numbers: ["FileSize"],
            flags: ["Download_Flag"],
            together: ["Url", "Download_Flag"]
        ),
        ElementSample(
            type: "TIMVideoFileElem",
            content: #"""
                {"VideoUrl":"https://e/v","VideoUUID":"v","VideoSize":1194603,"VideoSecond":5,"VideoFormat":"mp4",
                "VideoDownloadFlag":2,"ThumbUrl":"https://e/t","ThumbUUID":"t","ThumbSize":13907,"ThumbWidth":720,
                "ThumbHeight":1280,"ThumbFormat":"JPG","ThumbDownloadFlag":2}
                """#,
            required: ["VideoUUID", "ThumbUUID", "ThumbWidth", "ThumbHeight"],
            strings: ["VideoUrl", "VideoUUID", "VideoFormat", "ThumbUrl", "ThumbUUID", "ThumbFormat"],
            numbers: ["VideoSize", "VideoSecond", "ThumbSize", "ThumbWidth", "ThumbHeight"],
            flags: ["VideoDownloadFlag", "ThumbDownloadFlag"],
            together: ["VideoUrl", "VideoDownloadFlag", "ThumbUrl", "ThumbDownloadFlag"]
        ),
    ]

    /// An item of `ImageInfoArray`.
    static let rendition = #"{"Type":1,"Size":1853095,"Width":2448,"Height":3264,"URL":"https://e/1"}"#

    /// An element with these members in place of the documented ones.
    func element(_ content: JSONObject) -> JSONValue {
        .object(["MsgType": .string(type), "MsgContent": .object(content)])
    }

    func contentObject() throws -> JSONObject { try JSONObject(text: content) }
}

extension JSONValue {
    /// The value of a text that a test wrote.
    init(text: String) throws {
        self = try JSONValue(parsing: Array(text.utf8))
    }

    var text: String {
        var output: [UInt8] = []
        write(to: &output)
        return String(decoding: output, as: UTF8.self)
    }
}

extension JSONObject {
    /// The object of a text that a test wrote.
    init(text: String) throws {
        guard case .object(let object) = try JSONValue(text: text) else { throw JSONTestFailure.notAnObject }
        self = object
    }

    func without(_ names: [String]) -> JSONObject {
        JSONObject(members.filter { !names.contains($0.name) })
    }

    func with(_ name: String, _ value: JSONValue) -> JSONObject {
        JSONObject(members.map { $0.name == name ? Member(name: name, value: value) : $0 })
    }
}

/// The sentence of the fault in a body; nil if there is none.
func bodyFault(in elements: [JSONValue]) -> String? {
    do throws(MessageFault) {
        _ = try MessageBody(elements)
        return nil
    } catch {
        return error.info
    }
}

/// The sentence of the fault in a body that a test wrote as text.
func bodyFault(in text: String) throws -> String? {
    guard case .array(let elements) = try JSONValue(text: text) else { throw JSONTestFailure.notAnArray }
    return bodyFault(in: elements)
}
