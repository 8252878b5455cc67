import Chat
import ChatProtocol

extension Chat.Application {
    /// Where its pages are.
    var path: String { "\(Console.path)/apps/\(id)" }
}

/// A word about a state, and whether that is good.
struct Badge: Sendable {
    let text: String
    /// `good`, `warn`, `bad`, or nothing.
    let kind: String

    static func serving(_ isEnabled: Bool, _ texts: Texts) -> Badge {
        isEnabled
            ? Badge(text: texts["apps.serving"], kind: "good") : Badge(text: texts["apps.disabled"], kind: "bad")
    }

    /// - Parameter end: the first moment without the service; nil when there is none.
    static func channelService(isOn: Bool, until end: Timestamp?, at now: Timestamp, _ texts: Texts) -> Badge {
        guard isOn else { return Badge(text: texts["apps.serviceOff"], kind: "") }
        guard let end else { return Badge(text: texts["apps.serviceOn"], kind: "good") }
        if now >= end { return Badge(text: texts["apps.serviceEnded", ["day": end.day]], kind: "bad") }
        let isNear = end.milliseconds(since: now) < 14 * 86_400_000
        return Badge(text: texts["apps.serviceUntil", ["day": end.day]], kind: isNear ? "warn" : "good")
    }
}

/// How much of a quota is used.
struct UsageBar: Sendable {
    let label: String
    let text: String
    /// Nil where there is no limit.
    let percent: Int64?
    /// `warn` from 80 %, `bad` when nothing is left.
    let kind: String

    init(_ label: String, _ used: Int64, of limit: Int64, _ texts: Texts) {
        self.label = label
        guard limit > 0 else {
            text = texts["usage.unlimited", ["used": used.grouped]]
            (percent, kind) = (nil, "")
            return
        }
        text = texts["usage.of", ["used": used.grouped, "limit": limit.grouped]]
        let share = used >= limit ? 100 : used * 100 / limit
        // What is used is seen, however little it is.
        percent = used > 0 ? max(share, 1) : 0
        kind = share >= 100 ? "bad" : share >= 80 ? "warn" : ""
    }
}
