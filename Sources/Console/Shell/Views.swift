import Chat
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

    struct Row: Sendable {
        let time: String
        let iso: String
        let who: String
        let action: String
        let target: String
        let address: String
    }

    let rows: [Row]
    /// The page of what was before; nil on the last.
    let next: String?

    /// - Parameter path: the page's own.
    init(_ entries: [AuditEntry], path: String) {
        rows = entries.map {
            Row(
                time: $0.time.shown,
                iso: $0.time.iso,
                who: $0.caller,
                action: $0.action,
                target: $0.target,
                address: $0.address
            )
        }
        next =
            entries.count < Self.rows
            ? nil : entries.last.map { "\(path)?before=\($0.time.milliseconds)&request=\($0.requestID)" }
    }

    /// After which entry the asked page begins.
    static func last(_ visit: Visit) -> (Timestamp, String)? {
        Int64(visit.asked("before")).map { (Timestamp(milliseconds: $0), visit.asked("request")) }
    }
}

extension Timestamp {
    /// For machines: `2026-11-24T12:34:56.789Z`.
    var iso: String { UTCTimestamp.text(milliseconds) }

    /// For people: `2026-11-24 12:34:56 UTC`.
    var shown: String { iso.prefix(19).replacing("T", with: " ") + " UTC" }
}
