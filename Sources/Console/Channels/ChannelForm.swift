import AdminAPI
import Chat
import ChatProtocol

/// The form by which a channel is made or changed.
struct ChannelForm: Sendable {
    /// A text whose length counts in bytes.
    struct Field: Sendable {
        let name: String
        let label: String
        let note: String
        let value: String
        let bytes: Int
        let most: Int
        let isLong: Bool
        let isNeeded: Bool
    }

    /// Where the form goes.
    let action: String
    let back: String
    let isNew: Bool
    let head: ChannelHead?
    /// Empty for a new channel.
    let edition: String
    let owner: String
    let id: String
    let longestID: Int
    let fields: [Field]
    let maxSubscribers: String
    let mostSubscribers: Int64
    let usualSubscribers: String

    /// Where a text stands in the form, in a request and in a channel.
    private struct Input: Sendable {
        let name: String
        let wire: String
        let most: Int
        var isLong = false
        let text: @Sendable (ChannelProfile) -> String
    }

    private static let inputs = [
        Input(name: "name", wire: "Name", most: ChannelProfile.longestName) { $0.name },
        Input(name: "introduction", wire: "Introduction", most: ChannelProfile.longestIntroduction, isLong: true) {
            $0.introduction
        },
        Input(name: "faceURL", wire: "FaceUrl", most: ChannelProfile.longestFaceURL) { $0.faceURL },
        Input(name: "organization", wire: "Organization", most: ChannelProfile.longestOrganization) {
            $0.organization
        },
        Input(name: "customString", wire: "CustomString", most: ChannelProfile.longestCustomString, isLong: true) {
            $0.customString
        },
    ]

    /// - Parameters:
    ///   - form: what was typed, when the form is shown again; nil for one that nobody has filled in.
    ///   - site: the channel that is to be changed; nil for a new one.
    init(_ form: Form?, of application: Chat.Application, _ site: ChannelSite?, _ visit: Visit) {
        let list = ChannelSite.path(of: application)
        action = site.map { "\($0.path)/edit" } ?? list
        back = site?.path ?? list
        isNew = site == nil
        head = site.map { ChannelHead($0, visit, open: "") }
        // A form that is shown again is of the time when it was shown first.
        edition = form?[Edition.field] ?? site?.channel.edition.text ?? ""
        owner = form?["owner"] ?? ""
        id = form?["id"] ?? ""
        longestID = ChannelID.longest
        fields = Self.inputs.map { input in
            let value = form?.raw(input.name) ?? site.map { input.text($0.channel.profile) } ?? ""
            return Field(
                name: input.name,
                label: visit.texts["channels.\(input.name)"],
                note: visit.texts["channels.\(input.name)Hint"],
                value: value,
                bytes: value.utf8.count,
                most: input.most,
                isLong: input.isLong,
                isNeeded: input.name == "name"
            )
        }
        maxSubscribers = form?["maxSubscribers"] ?? site.map { String($0.channel.maxSubscribers) } ?? ""
        mostSubscribers = application.limits[.largestMaxSubscribers]
        usualSubscribers = application.limits[.defaultMaxSubscribers].grouped
    }

    /// The channel that the form describes.
    static func new(_ form: Form) throws(ChatError) -> NewChannel {
        var members = inputs.map { JSONObject.Member(name: $0.wire, value: .string(form.raw($0.name))) }
        members.append(.init(name: "Owner_Account", value: .string(form["owner"])))
        members.append(.init(name: "OfficialAccountUserID", value: .string(form["id"])))
        members += subscribers(form)
        return try NewChannel(RequestBody(JSONObject(members), codes: .officialAccount))
    }

    /// What the form has otherwise than the channel.
    ///
    /// - Throws: that somebody else has changed the channel since the form was shown; what the command's fields throw.
    static func change(_ form: Form, of channel: OfficialChannel, _ texts: Texts) throws(ChatError) -> ChannelChange {
        try form.demand(channel.edition, texts)
        var members: [JSONObject.Member] = []
        for input in inputs {
            let typed = form.raw(input.name)
            let untouched = input.text(channel.profile).asSent(byLines: input.isLong)
            if !typed.hasSameBytes(as: untouched) { members.append(.init(name: input.wire, value: .string(typed))) }
        }
        if form["maxSubscribers"] != String(channel.maxSubscribers) { members += subscribers(form) }
        return try ChannelChange(RequestBody(JSONObject(members), codes: .officialAccount))
    }

    /// What was typed otherwise than the channel is.
    static func unsaved(_ form: Form, of channel: OfficialChannel, _ texts: Texts) -> [Unsaved] {
        let fields = inputs.map { input in
            (
                texts["channels.\(input.name)"], form.raw(input.name),
                input.text(channel.profile).asSent(byLines: input.isLong)
            )
        }
        let most = (texts["channels.maxSubscribers"], form["maxSubscribers"], String(channel.maxSubscribers))
        return Unsaved.among(fields + [most])
    }

    private static func subscribers(_ form: Form) -> [JSONObject.Member] {
        let text = form["maxSubscribers"]
        guard !text.isEmpty else { return [] }
        return [.init(name: "MaxSubscriberNum", value: Int64(text).map(JSONValue.integer) ?? .string(text))]
    }
}

extension OfficialChannel {
    /// Of what the form for a change shows.
    var edition: Edition {
        Edition(
            [
                String(incarnation), profile.name, profile.introduction, profile.faceURL, profile.organization,
                profile.customString, String(maxSubscribers),
            ]
        )
    }
}
