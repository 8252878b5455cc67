import ChatProtocol

struct TextContent: Sendable, Equatable {
    var text: String
}

extension TextContent: ElementContent {
    static let type = "TIMTextElem"

    init(_ content: WireObject) throws(WireFault) {
        self.init(text: try content.text("Text"))
    }

    var object: JSONObject {
        ["Text": .string(text)]
    }
}

/// `TIMCustomElem`: whatever the application defines, with at least one member.
public struct CustomContent: Sendable, Equatable {
    /// `Data`: the payload.
    public var data: String?
    /// `Desc`: a description; the push text where the push information has none.
    public var description: String?
    /// `Ext`: more for push notifications.
    public var ext: String?
    /// `Sound`: the sound of a push notification.
    public var sound: String?

    /// Takes what is given; what is nil is left out.
    public init(data: String? = nil, description: String? = nil, ext: String? = nil, sound: String? = nil) {
        (self.data, self.description, self.ext, self.sound) = (data, description, ext, sound)
    }
}

extension CustomContent: ElementContent {
    static let type = "TIMCustomElem"

    init(_ content: WireObject) throws(WireFault) {
        self.init(
            data: try content.optionalText("Data"),
            description: try content.optionalText("Desc"),
            ext: try content.optionalText("Ext"),
            sound: try content.optionalText("Sound")
        )
    }

    var object: JSONObject {
        JSONObject()
            .adding("Data", data)
            .adding("Desc", description)
            .adding("Ext", ext)
            .adding("Sound", sound)
    }
}

/// `TIMLocationElem`: a place.
public struct LocationContent: Sendable, Equatable {
    /// `Latitude`: in degrees.
    public var latitude: Double
    /// `Longitude`: in degrees.
    public var longitude: Double
    /// `Desc`: what is there.
    public var description: String?

    /// Takes what is given; what is nil is left out.
    public init(latitude: Double, longitude: Double, description: String? = nil) {
        (self.latitude, self.longitude, self.description) = (latitude, longitude, description)
    }
}

extension LocationContent: ElementContent {
    static let type = "TIMLocationElem"

    init(_ content: WireObject) throws(WireFault) {
        self.init(
            latitude: try content.double("Latitude"),
            longitude: try content.double("Longitude"),
            description: try content.optionalText("Desc")
        )
    }

    var object: JSONObject {
        (["Latitude": .double(latitude), "Longitude": .double(longitude)] as JSONObject)
            .adding("Desc", description)
    }
}

/// `TIMFaceElem`: an emoji or sticker of the application's own numbering.
public struct FaceContent: Sendable, Equatable {
    /// `Index`: the application's number.
    public var index: Int64
    /// `Data`: whatever belongs to it.
    public var data: String?

    /// Takes what is given; what is nil is left out.
    public init(index: Int64, data: String? = nil) {
        (self.index, self.data) = (index, data)
    }
}

extension FaceContent: ElementContent {
    static let type = "TIMFaceElem"

    init(_ content: WireObject) throws(WireFault) {
        self.init(
            index: try content.integer("Index"),
            data: try content.optionalText("Data")
        )
    }

    var object: JSONObject {
        (["Index": .integer(index)] as JSONObject)
            .adding("Data", data)
    }
}
