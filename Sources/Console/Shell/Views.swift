import Chat
import ChatProtocol
import FoundationEssentials
import Observability

/// One of several things to choose from.
struct Choice: Sendable {
    let value: String
    let text: String
    let isChosen: Bool
}

/// Who did what, newest first.
struct AuditView: Sendable {
    static let rows = 100
    /// How heavy the targets of a page may be together, in bytes: an import names a hundred accounts.
    private static let heaviest = 100_000

    struct Row: Sendable {
        let time: String
        let iso: String
        let who: String
        let action: String
        let target: LongText
        let address: String
    }

    let rows: [Row]
    /// The page of what was before; nil on the last.
    let next: String?

    /// - Parameter path: the page's own.
    init(_ entries: [AuditEntry], path: String) {
        let targets = entries.map { LongText($0.target) }
        let count = targets.fitting(Self.heaviest)
        rows = zip(entries, targets).prefix(count).map { entry, target in
            Row(
                time: entry.time.shown,
                iso: entry.time.iso,
                who: entry.caller,
                action: entry.action,
                target: target,
                address: entry.address
            )
        }
        let isEnd = count == entries.count && count < Self.rows
        next =
            isEnd
            ? nil : "\(path)?before=\(entries[count - 1].time.milliseconds)&request=\(entries[count - 1].requestID)"
    }

    /// After which entry the asked page begins.
    static func last(_ visit: Visit) throws(ChatError) -> (Timestamp, String)? {
        let request = try visit.cursor("request")
        return try visit.place("before") { text in Int64(text).map { (Timestamp(milliseconds: $0), request) } }
    }
}

extension Timestamp {
    /// For machines: `2026-11-24T12:34:56.789Z`.
    var iso: String { UTCTimestamp.text(milliseconds) }

    /// The day in UTC, as date fields have it: `2026-11-24`.
    var day: String { String(iso.prefix(10)) }

    /// For people: `2026-11-24 12:34:56 UTC`.
    var shown: String { iso.prefix(19).replacing("T", with: " ") + " UTC" }
}

extension Int64 {
    /// For people: `1,234,567`, as all languages of the console write it.
    var grouped: String {
        let digits = String(magnitude)
        var text = self < 0 ? "-" : ""
        for (position, digit) in digits.enumerated() {
            if position > 0, (digits.utf8.count - position).isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return text
    }
}

extension String {
    /// As much as fits in so many characters, and a mark where something is left out.
    func shortened(to length: Int) -> String {
        utf8.count > length && count > length ? prefix(length - 1) + "…" : self
    }
}
