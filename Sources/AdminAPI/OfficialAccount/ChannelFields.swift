import Chat

/// The fields that several channel commands share, with the limits of official-channels.md A.1.
enum ChannelFields {
    static let channel = ChannelIDField("Official_Account")
    static let introduction = TextField("Introduction", bytes: 0...ChannelProfile.longestIntroduction)
    static let faceURL = TextField("FaceUrl", bytes: 0...ChannelProfile.longestFaceURL)
    static let organization = TextField("Organization", bytes: 0...ChannelProfile.longestOrganization)
    static let customString = TextField("CustomString", bytes: 0...ChannelProfile.longestCustomString)
    static let maxSubscribers = IntegerField(
        "MaxSubscriberNum",
        1...Int64(UInt32.max),
        zeroIsAbsent: true,
        limit: .largestMaxSubscribers
    )

    static func name(required: Bool) -> TextField {
        TextField("Name", required: required, bytes: 1...ChannelProfile.longestName)
    }
}
