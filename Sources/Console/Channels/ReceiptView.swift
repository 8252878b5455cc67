import Chat

/// What became of a post, as numbers and as bars of a small chart.
struct ReceiptView: Sendable {
    struct Bar: Sendable {
        let label: String
        let note: String
        let count: String
        /// Of the chart's width.
        let width: String
        /// The class of its colour.
        let kind: String
    }

    let bars: [Bar]
    let lastWrite: String?

    init(_ receipt: BroadcastReceipt, _ texts: Texts) {
        let counts = [
            ("online", receipt.online, "plain-bar"), ("written", receipt.written, "good-bar"),
            ("lagging", receipt.lagging, "warn-bar"), ("read", receipt.read, "accent-bar"),
        ]
        let largest = counts.map(\.1).max() ?? 0
        bars = counts.map { key, count, kind in
            Bar(
                label: texts["posts.receipt.\(key)"],
                note: texts["posts.receipt.\(key)Hint"],
                count: count.grouped,
                width: Percentage.text(count, of: largest),
                kind: kind
            )
        }
        lastWrite = receipt.lastWriteMilliseconds.map { "\($0.grouped) ms" }
    }
}
