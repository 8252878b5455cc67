import ChatProtocol

/// How a message is to be pushed to devices that are not connected: `OfflinePushInfo` (spec/messages.md section 3).
public struct PushInfo: Sendable, Equatable {
    /// Whether the message is pushed at all: `PushFlag` is 0 when it is, 1 when it is not.
    public var allowsPush: Bool
    /// `Title`.
    public var title: String?
    /// `Desc`: the text, in place of the one made from the message.
    public var description: String?
    /// `Ext`: passed through to the device; should be JSON text.
    public var ext: String?
    /// The members for the vendors of phones, by their names, such as `AndroidInfo` and `ApnsInfo`.
    public var vendors: [String: RawJSON]

    /// Takes what is given; what is nil is left out.
    public init(
        allowsPush: Bool = true,
        title: String? = nil,
        description: String? = nil,
        ext: String? = nil,
        vendors: [String: RawJSON] = [:]
    ) {
        (self.allowsPush, self.title, self.description) = (allowsPush, title, description)
        (self.ext, self.vendors) = (ext, vendors)
    }

    /// In the same order for the same information, since a retry must send the same bytes.
    var object: JSONObject {
        let own = (["PushFlag": .integer(allowsPush ? 0 : 1)] as JSONObject)
            .adding("Title", title)
            .adding("Desc", description)
            .adding("Ext", ext)
        let others = vendors.sorted { $0.key < $1.key }.map { JSONObject.Member(name: $0.key, value: $0.value.value) }
        return JSONObject(own.members + others)
    }
}
