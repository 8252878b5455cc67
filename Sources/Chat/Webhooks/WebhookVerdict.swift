package import ChatProtocol

/// What a backend decided about an operation that asked it.
package struct WebhookVerdict: Sendable {
    /// `ErrorCode` of the reply.
    package let code: Int64
    private let info: String
    /// The whole reply.
    let fields: JSONObject
    /// The delivery that was answered; empty when nobody was asked.
    let delivery: String

    /// What the hosted service would go ahead with when nobody is asked.
    static let goAhead = WebhookVerdict(code: 0, info: "", fields: JSONObject(), delivery: "")

    /// The code that drops a broadcast silently: the caller is told of success.
    static let dropCode: Int64 = 2

    private init(code: Int64, info: String, fields: JSONObject, delivery: String) {
        (self.code, self.info, self.fields, self.delivery) = (code, info, fields, delivery)
    }

    /// Nil unless the reply is HTTP 200 with a JSON object that has an integer `ErrorCode`.
    package init?(_ reply: WebhookReply, to delivery: String) {
        guard reply.status == WebhookReply.delivered, reply.isWhole,
            case .object(let fields) = try? JSONValue(parsing: reply.body),
            case .number(let number) = fields["ErrorCode"], let code = number.int64
        else { return nil }
        let info: String = if case .string(let text) = fields["ErrorInfo"] { text } else { "" }
        self.init(code: code, info: info, fields: fields, delivery: delivery)
    }

    /// Refuses unless the backend let the operation pass.
    ///
    /// - Throws: the backend's own code with its own words, or `refusal` for any other code than 0.
    package func demandConsent(else refusal: ErrorCode) throws(ChatError) {
        guard code != 0 else { return }
        if ErrorCode.webhookCodes.contains(Int(clamping: code)) {
            throw ChatError(ErrorCode(rawValue: Int(code)), info.isEmpty ? "The application's backend refused." : info)
        }
        throw ChatError(refusal, "The application's backend refused through its webhook.")
    }

    /// Users that the backend does not want, while the others go on.
    package var refusedSubscribers: Set<UserID> {
        guard case .array(let names) = fields["RefusedSubscribers_Account"] else { return [] }
        return Set(
            names.compactMap { name in
                if case .string(let text) = name { UserID(rawValue: text) } else { nil }
            }
        )
    }

    /// The broadcast with the content that the backend put in place of its own; nil when it left it alone.
    ///
    /// - Throws: ``MessageFault`` when the replacement breaks the rules of messages.
    package func replacement(of new: NewBroadcast) throws(MessageFault) -> NewBroadcast? {
        let data = fields["CloudCustomData"]
        var body = new.body
        switch fields["MsgBody"] {
        case nil: guard data != nil else { return nil }
        case .array(let elements): body = try MessageBody(elements)
        case .some: throw MessageFault(place: "MsgBody", problem: "must be an array")
        }
        var replaced = new.replacingBody(with: body)
        switch data {
        case nil: break
        case .string(let text) where !text.utf8.contains(0): replaced.cloudCustomData = text
        case .some: throw MessageFault(place: "CloudCustomData", problem: "must be a string without NUL")
        }
        return replaced
    }
}
