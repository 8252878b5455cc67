package import ChatProtocol

/// What is to be known of a command without calling it; the documentation is made from these.
package final class CommandCard: Sendable {
    /// `SERVICE/COMMAND`, as in the URL.
    package let path: String
    /// `COMMAND`, the last part of the path.
    package let name: String
    /// What the command is for, in one sentence.
    package let summary: String
    /// Numbers of the documentation pages that describe it, international and Chinese, where they are known.
    package let documents: [String]
    /// Whether it changes anything; what only reads is for operators of every role.
    package let changes: Bool
    /// The documentation's sample request; `107867` is the account that `rostrum dev` has ready for it.
    package let sample: JSONObject
    package let fields: [FieldCard]
    /// Whether the documentation allows it half as often as the others.
    package let isHalfRate: Bool
    package let codes: CodeFamily
    /// Codes that this command answers with beyond those of every command and of its family, for the whole call or for
    /// an item of a list.
    package let errors: [ErrorCode]
    /// What a success has beside the envelope.
    package let reply: [ReplyMember]
    /// The webhooks that it raises when the application wants them.
    package let webhooks: [WebhookCommand]

    /// - Parameter sample: a JSON object.
    package init(
        path: String,
        summary: String,
        documents: [String],
        changes: Bool,
        sample: String,
        fields: [any Field],
        codes: CodeFamily,
        errors: [ErrorCode],
        reply: [ReplyMember],
        webhooks: [WebhookCommand] = [],
        isHalfRate: Bool = false
    ) {
        self.isHalfRate = isHalfRate
        (self.path, self.summary, self.documents) = (path, summary, documents)
        name = String(path.split(separator: "/").last ?? "")
        guard case .object(let object)? = try? JSONValue(parsing: Array(sample.utf8)) else {
            // It stands in the source, and a test sends each.
            preconditionFailure("the sample of \(path) is no JSON object")
        }
        (self.changes, self.sample) = (changes, object)
        self.fields = fields.map(\.card)
        (self.codes, self.errors, self.reply, self.webhooks) = (codes, errors, reply, webhooks)
    }

    /// `SERVICE`, the first part of the path.
    package var service: String { String(path.split(separator: "/").first ?? "") }

    /// The service of the commands that the hosted service does not have.
    package static let ownService = "rostrum_svc"

    /// Whether it is Rostrum's own: the hosted service does not have it.
    package var isOwn: Bool { service == Self.ownService }

    /// Whether the application's backend may refuse the call with a code of its own, one of ``ErrorCode/webhookCodes``.
    package var answersWebhookCodes: Bool { webhooks.contains(where: \.isBefore) }

    /// The codes of the command and of its family, in their order.
    package var ownCodes: [ErrorCode] {
        Set(errors + codes.all).sorted { $0.rawValue < $1.rawValue }
    }

    /// Calls in a second, when so many of an ordinary command are allowed; 0 for no limit.
    package func rate(_ ordinary: Int64) -> Int64 {
        isHalfRate && ordinary > 0 ? max(1, ordinary / 2) : ordinary
    }
}

/// What one family of commands calls the faults that every command can meet.
package struct CodeFamily: Sendable, Equatable {
    /// A field is missing, wrongly typed or too long.
    package let invalidParameter: ErrorCode
    /// The body is JSON but no object.
    package let bodyNotObject: ErrorCode
    /// A fault of ours.
    package let internalFault: ErrorCode
    /// Whether the application must have the channel service.
    package let needsChannelService: Bool

    /// All that every command of the family may answer, beside ``common``.
    package var all: [ErrorCode] {
        [invalidParameter, bodyNotObject, internalFault] + (needsChannelService ? [.channelServiceDisabled] : [])
    }

    /// What the gateway answers before any command is reached, whichever it is.
    package static let common: [ErrorCode] = [
        .httpParsingFailed, .bodyNotJSON, .frequencyExceeded, .requestTimedOut, .unknownCommand, .adminRequired,
        .sdkAppIDMissing, .accountNotString, .applicationDisabled, .badURLParameter, .userSigExpired, .userSigEmpty,
        .userSigIllegal, .userSigCheckFailed, .userSigOtherIdentifier, .userSigOtherApplication,
        .applicationKeyMissing, .applicationNotFound, .userSigLockedOut,
    ]

    /// `official_account_open_http_svc` and `rostrum_svc`.
    package static let officialAccount = CodeFamily(
        invalidParameter: .parameterInvalid,
        bodyNotObject: .bodyNotObject,
        internalFault: .internalFault,
        needsChannelService: true
    )
    /// `official_account_msg_recall` and `official_account_msg_get_simple`, which use the group service's codes.
    package static let officialAccountMessages = CodeFamily(
        invalidParameter: .messageParameterInvalid,
        bodyNotObject: .bodyNotObject,
        internalFault: .messageInternalFault,
        needsChannelService: true
    )
    /// `im_open_login_svc`.
    package static let accounts = CodeFamily(
        invalidParameter: .accountParameterInvalid,
        bodyNotObject: .bodyNotJSON,
        internalFault: .accountInternalFault,
        needsChannelService: false
    )
    /// `openim/query_online_status`.
    package static let onlineStatus = CodeFamily(
        invalidParameter: .onlineStatusBodyInvalid,
        bodyNotObject: .bodyNotJSON,
        internalFault: .onlineStatusInternalFault,
        needsChannelService: false
    )
}
