import AdminAPI
import ChatProtocol
import RostrumTesting

/// What a field holds, as its documented rule says.
enum FieldKind {
    case text, account, integer, list, object

    /// Nil when the rule begins in no known way: the suites could not tell a wrong value from a right one.
    init?(rule: String) {
        let beginnings: [(String, FieldKind)] = [
            ("a string that names an account", .account), ("a UserID", .account), ("a channel ID", .account),
            ("a string", .text), ("a whole number", .integer), ("an array of", .list), ("an object", .object),
        ]
        guard let kind = beginnings.first(where: { rule.hasPrefix($0.0) })?.1 else { return nil }
        self = kind
    }

    /// One value of every JSON type that the field does not take.
    var wrongValues: [JSONValue] {
        let right: JSONValue =
            switch self {
            case .text, .account: .string("")
            case .integer: .number(JSONNumber(1))
            case .list: .array([])
            case .object: .object(JSONObject())
            }
        let fraction = self == .integer ? [JSONValue("1.5"), JSONValue("1e400")] : []
        let values = ["null", "true", "7", #""7""#, "[7]", #"{"7":7}"#].map { JSONValue($0) }
        return values.filter { $0.kind != right.kind } + fraction
    }
}

/// The codes that the specification gives each service for a field that is missing or wrong.
enum DocumentedCode {
    /// conventions.md 9, official-channels.md B, accounts.md 3 to 8.
    static func invalidParameter(of card: CommandCard) -> ErrorCode {
        switch card.path.split(separator: "/").first {
        case "official_account_open_http_svc" where usesGroupCodes(card): ErrorCode(rawValue: 10004)
        case "official_account_open_http_svc", "rostrum_svc": ErrorCode(rawValue: 6017)
        case "im_open_login_svc": ErrorCode(rawValue: 70402)
        default: ErrorCode(rawValue: 90001)
        }
    }

    /// error-codes.md 8: endpoints 11 and 12.
    private static func usesGroupCodes(_ card: CommandCard) -> Bool {
        card.name.hasPrefix("official_account_msg_")
    }

    /// official-channels.md B, accounts.md 3 and 8.
    static func internalFault(of card: CommandCard) -> ErrorCode {
        switch card.path.split(separator: "/").first {
        case "official_account_open_http_svc" where usesGroupCodes(card): ErrorCode(rawValue: 10002)
        case "official_account_open_http_svc", "rostrum_svc": ErrorCode(rawValue: 20005)
        case "im_open_login_svc": ErrorCode(rawValue: 70500)
        default: ErrorCode(rawValue: 90994)
        }
    }

    /// An account that is a number, a list or the like is 60015; null is a missing parameter.
    static func wrong(_ value: JSONValue, for kind: FieldKind, of card: CommandCard) -> ErrorCode {
        kind == .account && value != .null ? ErrorCode(rawValue: 60015) : invalidParameter(of: card)
    }

    /// What every command may answer beside its own codes: the gateway's and UserSig's.
    static let common: Set<ErrorCode> = Set(
        [
            60002, 60003, 60007, 60008, 60009, 60010, 60012, 60015, 60016, 60025, 70001, 70002, 70003, 70009, 70013,
            70014, 70016, 70020, 70050,
        ].map { ErrorCode(rawValue: $0) }
    )
}
