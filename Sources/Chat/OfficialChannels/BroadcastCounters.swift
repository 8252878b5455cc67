import Database
import Metrics

/// Counts the broadcasts that this node took, whichever door they came by.
struct BroadcastCounters: Sendable {
    private let stored: Counter
    private let onlineOnly: Counter
    private let dropped: Counter

    init(_ metrics: any MetricsFactory) {
        func counter(_ kind: BroadcastKind) -> Counter {
            Counter(label: "rostrum_broadcasts", dimensions: [("kind", kind.rawValue)], factory: metrics)
        }
        (stored, onlineOnly, dropped) = (counter(.stored), counter(.onlineOnly), counter(.dropped))
    }

    /// Call in the broadcast's transaction; it counts when that is durable.
    func count(_ kind: BroadcastKind, in tx: any Transaction) {
        let counter =
            switch kind {
            case .stored: stored
            case .onlineOnly: onlineOnly
            case .dropped: dropped
            }
        tx.onCommit { counter.increment() }
    }
}
