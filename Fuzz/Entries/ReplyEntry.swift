import Chat
import ChatProtocol
import RostrumTesting

extension Entry {
    /// What a backend replies to a webhook that asks it.
    static let webhookReply = Entry("webhook-reply") { bytes throws(Objection) in
        let reply = WebhookReply(status: WebhookReply.delivered, body: bytes)
        try demand(
            WebhookVerdict(WebhookReply(status: 500, body: bytes), to: "a") == nil
                && WebhookVerdict(WebhookReply(status: 200, body: bytes, isWhole: false), to: "a") == nil,
            "a reply counts that failed or was cut off"
        )
        guard let verdict = WebhookVerdict(reply, to: "a") else { return }
        try judge(consent: verdict)
        let post = try demand(try? NewBroadcast(.news, "before"), "the post breaks the rules")
        guard let replaced = try? verdict.replacement(of: post) else { return }
        try demand(
            MessageBody(stored: replaced.body.json) == replaced.body,
            "what is stored is read as another message"
        )
        try demand(replaced.channel == post.channel && replaced.random == post.random, "the message became another one")
    }

    private static func judge(consent verdict: WebhookVerdict) throws(Objection) {
        guard let refusal = refusal(by: verdict) else {
            return try demand(verdict.code == 0, "\(verdict.code) counts as consent")
        }
        let isOwn = ErrorCode.webhookCodes.contains(refusal.code.rawValue)
        try demand(verdict.code != 0 && !refusal.isInternalFault, "consent is refused with \(refusal)")
        try demand(isOwn || refusal.code == .refusedByWebhook, "refused with \(refusal.code)")
        try demand(!isOwn || Int64(refusal.code.rawValue) == verdict.code, "\(verdict.code) became \(refusal.code)")
    }

    private static func refusal(by verdict: WebhookVerdict) -> ChatError? {
        do throws(ChatError) {
            try verdict.demandConsent(else: .refusedByWebhook)
            return nil
        } catch {
            return error
        }
    }
}

extension NewBroadcast {
    init(_ channel: ChannelID, _ text: String) throws(MessageFault) {
        let content: JSONValue = .object(["Text": .string(text)])
        self.init(
            channel: channel,
            random: 1,
            body: try MessageBody([.object(["MsgType": .string("TIMTextElem"), "MsgContent": content])])
        )
    }
}
