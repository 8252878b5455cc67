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
    static func change(_ form: Form, of channel: OfficialChannel) throws(ChatError) -> ChannelChange {
        var members: [JSONObject.Member] = []
        for input in inputs {
            let (typed, old) = (JSONValue.string(form.raw(input.name)), input.text(channel.profile))
            if typed != .string(old) { members.append(.init(name: input.wire, value: typed)) }
        }
        if form["maxSubscribers"] != String(channel.maxSubscribers) { members += subscribers(form) }
        return try ChannelChange(RequestBody(JSONObject(members), codes: .officialAccount))
    }

    private static func subscribers(_ form: Form) -> [JSONObject.Member] {
        let text = form["maxSubscribers"]
        guard !text.isEmpty else { return [] }
        return [.init(name: "MaxSubscriberNum", value: Int64(text).map(JSONValue.integer) ?? .string(text))]
    }
}
