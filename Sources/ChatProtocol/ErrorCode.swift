/// A number that says why a call was refused; the value of `ErrorCode` in a reply.
///
/// The named ones are those that Rostrum itself answers with. A webhook may define codes of its own between
/// 120001 and 130000, therefore this is a number with names and not an enumeration. What every documented code
/// means stands in ``documented``.
///
/// Source: spec/error-codes.md.
public struct ErrorCode: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public let rawValue: Int

    /// Wraps a number.
    public init(rawValue: Int) {
        self.rawValue = rawValue
    }

    private init(_ rawValue: Int) {
        self.rawValue = rawValue
    }
}

extension ErrorCode {
    /// Success.
    public static let ok = Self(0)

    /// The codes that an application's backend may refuse with; they reach the caller as they are.
    public static let webhookCodes = 120_001...130_000

    /// What the code counts under in a metric: all that a backend may answer with as one, for they have no bound.
    package var metricLabel: String {
        Self.webhookCodes.contains(rawValue) ? "webhook" : String(rawValue)
    }

    // Gateway, conventions.md section 8.

    /// The HTTP request cannot be used: wrong method, too large, or a bad header of ours.
    public static let httpParsingFailed = Self(60002)
    /// The body is not JSON.
    public static let bodyNotJSON = Self(60003)
    /// More calls of one command in a second than the application's limit.
    public static let frequencyExceeded = Self(60007)
    /// The body did not arrive in time or in full.
    public static let requestTimedOut = Self(60008)
    /// The path names no command.
    public static let unknownCommand = Self(60009)
    /// The caller is no admin of the application.
    public static let adminRequired = Self(60010)
    /// `sdkappid` is missing from the URL.
    public static let sdkAppIDMissing = Self(60012)
    /// An account in the body is not a string.
    public static let accountNotString = Self(60015)
    /// The application is switched off.
    public static let applicationDisabled = Self(60016)
    /// A parameter of the URL is missing or malformed.
    public static let badURLParameter = Self(60025)

    // UserSig, usersig.md section 5.

    /// The UserSig has expired, or was invalidated by a kick.
    public static let userSigExpired = Self(70001)
    /// The UserSig is empty.
    public static let userSigEmpty = Self(70002)
    /// The UserSig cannot be decoded, or was made in the future.
    public static let userSigIllegal = Self(70003)
    /// The signature was made with another key.
    public static let userSigCheckFailed = Self(70009)
    /// The UserSig was made for another identifier.
    public static let userSigOtherIdentifier = Self(70013)
    /// The UserSig was made for another application.
    public static let userSigOtherApplication = Self(70014)
    /// The application has no key.
    public static let applicationKeyMissing = Self(70016)
    /// No such application.
    public static let applicationNotFound = Self(70020)
    /// Too many failed signatures; wait a minute.
    public static let userSigLockedOut = Self(70050)

    // Accounts, accounts.md.

    /// The account was never imported.
    public static let accountNotImported = Self(70107)
    /// The application has as many accounts as its plan allows.
    public static let accountQuotaExceeded = Self(70398)
    /// The account was deleted too recently to be imported again.
    public static let accountRecentlyDeleted = Self(70399)
    /// A parameter of an account command is missing or malformed.
    public static let accountParameterInvalid = Self(70402)
    /// Internal fault of the account service; retry.
    public static let accountInternalFault = Self(70500)
    /// A profile value is longer than 500 bytes.
    public static let profileValueTooLong = Self(40601)
    /// `query_online_status`: the body or the list in it is empty or malformed.
    public static let onlineStatusBodyInvalid = Self(90001)
    /// `query_online_status`: the members of `To_Account` are not strings.
    public static let onlineStatusAccountInvalid = Self(90003)
    /// `query_online_status`: more than 500 accounts.
    public static let onlineStatusTooManyAccounts = Self(90011)
    /// `query_online_status`: internal fault; retry.
    public static let onlineStatusInternalFault = Self(90994)

    // Official channels, error-codes.md sections 1 and 8.

    /// A field is missing, has the wrong type, or is too long.
    public static let parameterInvalid = Self(6017)
    /// The body is JSON but no object.
    public static let bodyNotObject = Self(20001)
    /// Internal fault; retry.
    public static let internalFault = Self(20005)
    /// The "before" webhook refused the channel.
    public static let creationRefused = Self(20006)
    /// A "before" webhook refused subscribers or a broadcast.
    public static let refusedByWebhook = Self(10016)
    /// A "before" webhook did not answer, and the application's policy is to refuse then.
    public static let webhookFailed = Self(80003)
    /// The user subscribes to the channel already.
    public static let alreadySubscribed = Self(130005)
    /// The channel has as many subscribers as it may have.
    public static let channelFull = Self(130006)
    /// The user does not subscribe to the channel.
    public static let notSubscribed = Self(131003)
    /// The channel sent more broadcasts in a second or an hour than it may.
    public static let broadcastFrequencyExceeded = Self(10023)
    /// A message is longer than 12 KB.
    public static let messageTooLong = Self(80002)
    /// Recall and history: a parameter is missing or malformed.
    public static let messageParameterInvalid = Self(10004)
    /// Recall and history: there is no such channel.
    public static let conversationNotFound = Self(10010)
    /// Recall and history: internal fault; retry.
    public static let messageInternalFault = Self(10002)
    /// Recall: there is no such message, or no longer.
    public static let messageNotFound = Self(10030)
    /// The channel does not exist, or was destroyed.
    public static let channelNotFound = Self(130004)
    /// The channel ID breaks the rules of official-channels.md A.3.
    public static let channelIDInvalid = Self(130007)
    /// The channel ID is in use.
    public static let channelIDTaken = Self(130008)
    /// The application has as many channels as its plan allows.
    public static let channelQuotaExceeded = Self(130010)
    /// The application has no channel service, or no longer.
    public static let channelServiceDisabled = Self(131000)
}
