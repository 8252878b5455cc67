import ChatProtocol

/// `TIMImageElem`: an image in one or more sizes, by their addresses.
public struct ImageContent: Sendable, Equatable {
    /// `UUID`: a key of its own, customarily the MD5.
    public var uuid: String
    /// `ImageFormat`: 1 JPG, 2 GIF, 3 PNG, 4 BMP, 255 another.
    public var format: Int64?
    /// `ImageInfoArray`: at least one.
    public var renditions: [ImageRendition]

    /// Takes what is given; what is nil is left out.
    public init(uuid: String, format: Int64? = nil, renditions: [ImageRendition]) {
        (self.uuid, self.format, self.renditions) = (uuid, format, renditions)
    }
}

/// One size of an image, an item of `ImageInfoArray`.
public struct ImageRendition: Sendable, Equatable {
    /// `URL`: where it is.
    public var url: String
    /// `Width`: in pixels; 0 when it is not known.
    public var width: Int64
    /// `Height`: in pixels; 0 when it is not known.
    public var height: Int64
    /// `Type`: 1 the original, 2 a large one, 3 a thumbnail.
    public var type: Int64?
    /// `Size`: its size.
    public var bytes: Int64?

    /// Takes what is given; what is nil is left out.
    public init(url: String, width: Int64, height: Int64, type: Int64? = nil, bytes: Int64? = nil) {
        (self.url, self.width, self.height, self.type, self.bytes) = (url, width, height, type, bytes)
    }
}

/// `TIMVideoFileElem`: a video and a picture of it, by their addresses.
public struct VideoContent: Sendable, Equatable {
    /// `VideoUUID`: a key of its own, customarily the MD5.
    public var uuid: String
    /// `VideoUrl`: where it is; to be given when one is sent, absent from old clients' messages.
    public var url: String?
    /// `VideoSize`: its size.
    public var bytes: Int64?
    /// `VideoSecond`: how long it plays; web clients say 0.
    public var seconds: Int64?
    /// `VideoFormat`: such as `mp4`.
    public var format: String?
    /// The members that begin with `Thumb`.
    public var thumbnail: VideoThumbnail

    /// Takes what is given; what is nil is left out.
    public init(
        uuid: String,
        url: String? = nil,
        bytes: Int64? = nil,
        seconds: Int64? = nil,
        format: String? = nil,
        thumbnail: VideoThumbnail
    ) {
        (self.uuid, self.url, self.bytes) = (uuid, url, bytes)
        (self.seconds, self.format, self.thumbnail) = (seconds, format, thumbnail)
    }
}

/// The picture that stands for a video.
public struct VideoThumbnail: Sendable, Equatable {
    /// `ThumbUUID`: a key of its own, customarily the MD5.
    public var uuid: String
    /// `ThumbUrl`: where it is; to be given when one is sent, absent from old clients' messages.
    public var url: String?
    /// `ThumbWidth`: in pixels.
    public var width: Int64
    /// `ThumbHeight`: in pixels.
    public var height: Int64
    /// `ThumbSize`: its size.
    public var bytes: Int64?
    /// `ThumbFormat`: such as `JPG`.
    public var format: String?

    /// Takes what is given; what is nil is left out.
    public init(
        uuid: String,
        url: String? = nil,
        width: Int64,
        height: Int64,
        bytes: Int64? = nil,
        format: String? = nil
    ) {
        (self.uuid, self.url, self.width) = (uuid, url, width)
        (self.height, self.bytes, self.format) = (height, bytes, format)
    }
}

extension ImageContent: ElementContent {
    static let type = "TIMImageElem"

    init(_ content: WireObject) throws(WireFault) {
        self.init(
            uuid: try content.text("UUID"),
            format: try content.optionalInteger("ImageFormat"),
            renditions: try content.objects("ImageInfoArray") { (item) throws(WireFault) in
                ImageRendition(
                    url: try item.text("URL"),
                    width: try item.integer("Width"),
                    height: try item.integer("Height"),
                    type: try item.optionalInteger("Type"),
                    bytes: try item.optionalInteger("Size")
                )
            }
        )
    }

    var object: JSONObject {
        (["UUID": .string(uuid)] as JSONObject)
            .adding("ImageFormat", format)
            .adding("ImageInfoArray", .array(renditions.map { .object($0.object) }))
    }
}

extension ImageRendition {
    fileprivate var object: JSONObject {
        (["URL": .string(url), "Width": .integer(width), "Height": .integer(height)] as JSONObject)
            .adding("Type", type)
            .adding("Size", bytes)
    }
}

extension VideoContent: ElementContent {
    static let type = "TIMVideoFileElem"

    init(_ content: WireObject) throws(WireFault) {
        self.init(
            uuid: try content.text("VideoUUID"),
            url: try content.optionalText("VideoUrl"),
            bytes: try content.optionalInteger("VideoSize"),
            seconds: try content.optionalInteger("VideoSecond"),
            format: try content.optionalText("VideoFormat"),
            thumbnail: VideoThumbnail(
                uuid: try content.text("ThumbUUID"),
                url: try content.optionalText("ThumbUrl"),
                width: try content.integer("ThumbWidth"),
                height: try content.integer("ThumbHeight"),
                bytes: try content.optionalInteger("ThumbSize"),
                format: try content.optionalText("ThumbFormat")
            )
        )
    }

    var object: JSONObject {
        (["VideoUUID": .string(uuid)] as JSONObject)
            .adding("VideoUrl", url)
            .adding("VideoSize", bytes)
            .adding("VideoSecond", seconds)
            .adding("VideoFormat", format)
            .adding("VideoDownloadFlag", url.map { _ in 2 })
            .adding("ThumbUUID", thumbnail.uuid)
            .adding("ThumbUrl", thumbnail.url)
            .adding("ThumbWidth", thumbnail.width)
            .adding("ThumbHeight", thumbnail.height)
            .adding("ThumbSize", thumbnail.bytes)
            .adding("ThumbFormat", thumbnail.format)
            .adding("ThumbDownloadFlag", thumbnail.url.map { _ in 2 })
    }
}
