import ChatProtocol

/// `TIMSoundElem`: a voice message, by its address.
public struct SoundContent: Sendable, Equatable {
    /// `UUID`: a key of its own, customarily the MD5.
    public var uuid: String
    /// `Url`: where it is; to be given when one is sent, absent from old clients' messages.
    public var url: String?
    /// `Size`: its size.
    public var bytes: Int64?
    /// `Second`: how long it plays.
    public var seconds: Int64?

    /// Takes what is given; what is nil is left out.
    public init(uuid: String, url: String? = nil, bytes: Int64? = nil, seconds: Int64? = nil) {
        (self.uuid, self.url, self.bytes, self.seconds) = (uuid, url, bytes, seconds)
    }
}

extension SoundContent: ElementContent {
    static let type = "TIMSoundElem"

    init(_ content: WireObject) throws(WireFault) {
        self.init(
            uuid: try content.text("UUID"),
            url: try content.optionalText("Url"),
            bytes: try content.optionalInteger("Size"),
            seconds: try content.optionalInteger("Second")
        )
    }

    var object: JSONObject {
        (["UUID": .string(uuid)] as JSONObject)
            .adding("Url", url)
            .adding("Size", bytes)
            .adding("Second", seconds)
            .adding("Download_Flag", url.map { _ in 2 })
    }
}

/// `TIMFileElem`: a file, by its address.
public struct FileContent: Sendable, Equatable {
    /// `UUID`: a key of its own, customarily the MD5.
    public var uuid: String
    /// `Url`: where it is; to be given when one is sent, absent from old clients' messages.
    public var url: String?
    /// `FileSize`: its size.
    public var bytes: Int64?
    /// `FileName`: its name.
    public var name: String?

    /// Takes what is given; what is nil is left out.
    public init(uuid: String, url: String? = nil, bytes: Int64? = nil, name: String? = nil) {
        (self.uuid, self.url, self.bytes, self.name) = (uuid, url, bytes, name)
    }
}

extension FileContent: ElementContent {
    static let type = "TIMFileElem"

    init(_ content: WireObject) throws(WireFault) {
        self.init(
            uuid: try content.text("UUID"),
            url: try content.optionalText("Url"),
            bytes: try content.optionalInteger("FileSize"),
            name: try content.optionalText("FileName")
        )
    }

    var object: JSONObject {
        (["UUID": .string(uuid)] as JSONObject)
            .adding("Url", url)
            .adding("FileSize", bytes)
            .adding("FileName", name)
            .adding("Download_Flag", url.map { _ in 2 })
    }
}
