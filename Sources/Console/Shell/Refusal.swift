import ChatProtocol

/// Why something was not done, as a page says it: a sentence in the page's language, and what the API says of it.
struct Refusal: Sendable {
    let sentence: String
    /// The words that the caller of the API reads, which are English; nil where the sentence says it all.
    let detail: String?
    let code: Int?

    init(_ error: ChatError, _ texts: Texts) {
        guard error.code.rawValue >= 0 else {
            (sentence, detail, code) = (error.info, nil, nil)
            return
        }
        sentence = texts["refusals.\(Self.key(of: error))"]
        detail = error.isInternalFault ? nil : error.info
        code = error.code.rawValue
    }

    /// All of it as one text.
    var text: String { [sentence, detail].compactMap(\.self).joined(separator: " ") }

    private static func key(of error: ChatError) -> String {
        if error.isInternalFault { return "fault" }
        if ErrorCode.webhookCodes.contains(error.code.rawValue) { return "webhook" }
        return keys[error.code] ?? "refused"
    }

    private static let keys: [ErrorCode: String] = [
        .accountNotImported: "noAccount",
        .accountParameterInvalid: "field",
        .accountQuotaExceeded: "accounts",
        .accountRecentlyDeleted: "recentlyDeleted",
        .applicationDisabled: "disabled",
        .applicationKeyMissing: "noKey",
        .applicationNotFound: "noApplication",
        .bodyNotJSON: "field",
        .bodyNotObject: "field",
        .broadcastFrequencyExceeded: "tooOften",
        .channelFull: "channelFull",
        .channelIDInvalid: "channelID",
        .channelIDTaken: "channelTaken",
        .channelNotFound: "noChannel",
        .channelQuotaExceeded: "channels",
        .channelServiceDisabled: "noService",
        .conversationNotFound: "noChannel",
        .creationRefused: "webhook",
        .httpParsingFailed: "field",
        .messageNotFound: "noPost",
        .messageParameterInvalid: "field",
        .messageTooLong: "tooLong",
        .notSubscribed: "notSubscribed",
        .parameterInvalid: "field",
        .profileValueTooLong: "field",
        .refusedByWebhook: "webhook",
        .webhookFailed: "webhookSilent",
    ]
}

extension ErrorCode {
    // What stands in place of a code where the console refuses something that the API does not know of; none is positive.
    fileprivate static let ofTheConsole = ErrorCode(rawValue: -1)
    fileprivate static let absent = ErrorCode(rawValue: -2)
    fileprivate static let changedMeanwhile = ErrorCode(rawValue: -3)
}

extension ChatError {
    /// A refusal of the console's own.
    ///
    /// - Parameter text: in the page's language.
    static func ofTheConsole(_ text: String) -> ChatError { ChatError(.ofTheConsole, text) }

    /// That something is not there, in the page's language.
    static func absent(_ text: String) -> ChatError { ChatError(.absent, text) }

    /// That a form is of a time before somebody else changed what it would change.
    static func changedMeanwhile(_ texts: Texts) -> ChatError {
        ChatError(.changedMeanwhile, texts["errors.changedMeanwhile"])
    }

    var isChangedMeanwhile: Bool { code == .changedMeanwhile }

    /// Whether what the path names is not there.
    var isAbsence: Bool {
        [.absent, .accountNotImported, .applicationNotFound, .channelNotFound, .conversationNotFound, .messageNotFound]
            .contains(code)
    }
}
