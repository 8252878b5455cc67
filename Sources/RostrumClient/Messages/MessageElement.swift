import ChatProtocol

/// One part of a message's body, an item of `MsgBody` (spec/messages.md section 1).
///
/// An element that was received stays exactly as it came, whatever its type and members; ``content`` shows what is known
/// of it. The server judges what is sent.
public struct MessageElement: Sendable, Equatable {
    let object: JSONObject

    /// An element in JSON, such as one of a type that this library does not know.
    ///
    /// Nil unless it is an object with a string as its `MsgType`.
    public init?(_ raw: RawJSON) {
        guard case .object(let object) = raw.value, case .string = object["MsgType"] else { return nil }
        self.object = object
    }

    private init(_ kind: some ElementContent) {
        object = ["MsgType": .string(kind.type), "MsgContent": .object(kind.object)]
    }

    init(_ element: WireObject) throws(WireFault) {
        _ = try element.text("MsgType")
        object = element.object
    }

    /// The element as it stands in the message.
    public var raw: RawJSON { RawJSON(.object(object)) }

    /// `MsgType`, such as `TIMTextElem`.
    public var type: String {
        guard case .string(let type) = object["MsgType"] else { return "" }
        return type
    }

    /// What the element says, as far as it follows the documentation.
    public var content: MessageContent {
        guard let object = try? WireObject(object).inner("MsgContent") else { return .other }
        do throws(WireFault) {
            return switch type {
            case TextContent.type: .text(try TextContent(object).text)
            case CustomContent.type: .custom(try CustomContent(object))
            case LocationContent.type: .location(try LocationContent(object))
            case FaceContent.type: .face(try FaceContent(object))
            case SoundContent.type: .sound(try SoundContent(object))
            case ImageContent.type: .image(try ImageContent(object))
            case FileContent.type: .file(try FileContent(object))
            case VideoContent.type: .video(try VideoContent(object))
            default: .other
            }
        } catch {
            return .other
        }
    }
}

extension MessageElement {
    /// `TIMTextElem`.
    public static func text(_ text: String) -> MessageElement { MessageElement(TextContent(text: text)) }

    /// `TIMCustomElem`: whatever the application defines; a message has at most one.
    public static func custom(_ content: CustomContent) -> MessageElement { MessageElement(content) }

    /// `TIMCustomElem` with nothing but a payload.
    public static func custom(data: String) -> MessageElement { custom(CustomContent(data: data)) }

    /// `TIMLocationElem`.
    public static func location(_ content: LocationContent) -> MessageElement { MessageElement(content) }

    /// `TIMFaceElem`: an emoji or sticker.
    public static func face(_ content: FaceContent) -> MessageElement { MessageElement(content) }

    /// `TIMSoundElem`: a voice message.
    public static func sound(_ content: SoundContent) -> MessageElement { MessageElement(content) }

    /// `TIMImageElem`.
    public static func image(_ content: ImageContent) -> MessageElement { MessageElement(content) }

    /// `TIMFileElem`.
    public static func file(_ content: FileContent) -> MessageElement { MessageElement(content) }

    /// `TIMVideoFileElem`.
    public static func video(_ content: VideoContent) -> MessageElement { MessageElement(content) }
}

/// What an element says, by its type.
public enum MessageContent: Sendable, Equatable {
    /// `TIMTextElem`.
    case text(String)
    /// `TIMCustomElem`.
    case custom(CustomContent)
    /// `TIMLocationElem`.
    case location(LocationContent)
    /// `TIMFaceElem`.
    case face(FaceContent)
    /// `TIMSoundElem`.
    case sound(SoundContent)
    /// `TIMImageElem`.
    case image(ImageContent)
    /// `TIMFileElem`.
    case file(FileContent)
    /// `TIMVideoFileElem`.
    case video(VideoContent)
    /// An element of another type, or one whose members are not the documented ones; see ``MessageElement/raw``.
    case other
}

/// A type of element: how its `MsgContent` is read and written.
protocol ElementContent {
    static var type: String { get }
    var object: JSONObject { get }
    init(_ content: WireObject) throws(WireFault)
}

extension ElementContent {
    var type: String { Self.type }
}

extension [MessageElement] {
    init(_ message: WireObject) throws(WireFault) {
        self = try message.objects("MsgBody") { (element) throws(WireFault) in try MessageElement(element) }
    }

    /// The value of `MsgBody`.
    var json: JSONValue { .array(map { .object($0.object) }) }
}
