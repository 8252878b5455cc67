import AdminAPI
import Chat
import ChatProtocol

/// A post as it is written in the form: what was typed, and the request that it makes.
struct PostDraft: Sendable {
    /// What a post is made of.
    enum Kind: String, CaseIterable, Sendable {
        case text, image, article, custom
    }

    private let form: Form
    let kind: Kind
    /// Drawn when the form is made: sent twice, it is the same post.
    let random: Int64
    /// The picture's, for the same reason.
    let pictureID: String

    /// An empty form.
    init(_ source: any RandomSource) {
        form = Form()
        kind = .text
        // Random is an unsigned 32-bit number.
        random = source.number() & Int64(UInt32.max)
        pictureID = source.hex(bytes: 16)
    }

    /// - Returns: nil when the form is none of ours.
    init?(_ form: Form) {
        guard let kind = Kind(rawValue: form["kind"]), let random = Int64(form["random"]) else { return nil }
        (self.form, self.kind, self.random, pictureID) = (form, kind, random, form["pictureID"])
    }

    /// What a field has, as it was typed.
    func typed(_ name: String) -> String { form.raw(name) }

    func isOn(_ name: String) -> Bool { form.isOn(name) }

    /// What the REST command would be sent.
    ///
    /// - Throws: what the command's fields throw; 6017 also when nothing was written.
    func broadcast(to channel: ChannelID, _ texts: Texts) throws(ChatError) -> NewBroadcast {
        var members: [JSONObject.Member] = [
            .init(name: "Official_Account", value: .channel(channel)),
            .init(name: "Random", value: .integer(random)),
            .init(name: "MsgBody", value: try body(texts)),
        ]
        if !typed("cloudCustomData").isEmpty {
            members.append(.init(name: "CloudCustomData", value: .string(typed("cloudCustomData"))))
        }
        if let push = push { members.append(.init(name: "OfflinePushInfo", value: .object(push))) }
        if isOn("onlineOnly") { members.append(.init(name: "OnlineOnlyFlag", value: .integer(1))) }
        let forbidden = [("noBefore", "ForbidBeforeSendMsgCallback"), ("noAfter", "ForbidAfterSendMsgCallback")]
            .filter { isOn($0.0) }.map(\.1)
        if !forbidden.isEmpty { members.append(.init(name: "ForbidCallbackControl", value: .strings(forbidden))) }
        if isOn("noLastMessage") { members.append(.init(name: "SendMsgControl", value: .strings(["NoLastMsg"]))) }
        return try NewBroadcast(RequestBody(JSONObject(members), codes: .officialAccount))
    }

    /// How the post is pushed to devices that are not connected; nil where nothing is said of that.
    private var push: JSONObject? {
        let texts = [("pushTitle", "Title"), ("pushDesc", "Desc"), ("pushExt", "Ext")].compactMap { field, name in
            typed(field).nonEmpty.map { JSONObject.Member(name: name, value: .string($0)) }
        }
        let flag = JSONObject.Member(name: "PushFlag", value: .integer(isOn("noPush") ? 1 : 0))
        return texts.isEmpty && !isOn("noPush") ? nil : JSONObject([flag] + texts)
    }

    private func body(_ texts: Texts) throws(ChatError) -> JSONValue {
        switch kind {
        case .text: .array([Self.element(.text, ["Text": .string(try needed("text", texts))])])
        case .image: .array([Self.element(.image, try image(texts))])
        case .article: .array([Self.element(.custom, ["Data": .string(try article(texts))])])
        case .custom: try custom(texts)
        }
    }

    private static func element(_ type: MessageElementType, _ content: JSONObject) -> JSONValue {
        .object(["MsgType": .string(type.rawValue), "MsgContent": .object(content)])
    }

    private func image(_ texts: Texts) throws(ChatError) -> JSONObject {
        let url = try needed("imageURL", texts)
        let original: JSONObject = [
            "Type": .integer(1), "Width": number("imageWidth"), "Height": number("imageHeight"), "URL": .string(url),
        ]
        return [
            "UUID": .string(pictureID), "ImageFormat": .integer(Self.format(of: url)),
            "ImageInfoArray": .array([.object(original)]),
        ]
    }

    /// Source: spec/messages.md section 1, `ImageFormat`.
    private static func format(of url: String) -> Int64 {
        let path = url.prefix { $0 != "?" && $0 != "#" }.lowercased()
        let formats: [(ending: String, number: Int64)] = [
            (".jpg", 1), (".jpeg", 1), (".gif", 2), (".png", 3), (".bmp", 4),
        ]
        return formats.first { path.hasSuffix($0.ending) }?.number ?? 255
    }

    /// Source: spec/official-channels.md D.
    private func article(_ texts: Texts) throws(ChatError) -> String {
        var members: [JSONObject.Member] = [
            .init(name: "businessID", value: .string(Article.businessID)),
            .init(name: "version", value: .integer(1)),
            .init(name: "title", value: .string(try needed("articleTitle", texts))),
            .init(name: "content", value: .string(typed("content"))),
            .init(name: "link", value: .string(form["link"])),
        ]
        if let url = form["pictureURL"].nonEmpty {
            let picture: JSONObject = [
                "url": .string(url), "width": number("pictureWidth"), "height": number("pictureHeight"),
            ]
            members.append(.init(name: "imageInfo", value: .object(picture)))
        }
        return String(decoding: JSONObject(members).json, as: UTF8.self)
    }

    private func custom(_ texts: Texts) throws(ChatError) -> JSONValue {
        let text = try needed("json", texts)
        do throws(JSONError) {
            return try JSONValue(parsing: Array(text.utf8))
        } catch {
            throw ChatError(.parameterInvalid, "MsgBody is no JSON: \(error.reason) after \(error.offset) bytes.")
        }
    }

    /// Pixels, 0 where nobody said; what is no number is left to the rules of the element.
    private func number(_ name: String) -> JSONValue {
        let text = form[name]
        return text.isEmpty ? .integer(0) : Int64(text).map(JSONValue.integer) ?? .string(text)
    }

    private func needed(_ name: String, _ texts: Texts) throws(ChatError) -> String {
        guard !form[name].isEmpty else {
            throw .ofTheConsole(texts["posts.missing", ["field": texts["posts.\(name)"]]])
        }
        // Where lines matter they stay as they are; addresses and titles lose what was pasted around them.
        return name == "text" ? form.raw(name) : form[name]
    }
}

extension BroadcastRecall {
    /// What the form on a post's page asks for.
    init(of key: String, _ form: Form) throws(ChatError) {
        try self.init(
            RequestBody(
                ["MsgKeyList": .strings([key]), "Reason": .string(form.raw("reason"))],
                codes: .officialAccountMessages
            )
        )
    }
}
