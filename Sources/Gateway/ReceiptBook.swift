import Chat
import ChatProtocol
import EventBus
import Logging
import Synchronization

/// Adds up what became of deliveries on this node, and writes it to the broadcasts' receipts.
///
/// Sums are kept for up to half a second, so that ten thousand deliveries are one write; a crash loses as much, and so
/// does a commit of which nobody knows whether it was made: a receipt is rather too small than too large.
final class ReceiptBook: Sendable {
    private struct Key: Hashable {
        let reference: ChannelReference
        let seq: Int64
    }

    private let sums = Mutex<[Key: BroadcastDelivery]>([:])
    private let receipts: BroadcastReceipts
    private let clock: any WallClock
    private let metrics: GatewayMetrics
    private let logger: Logger

    init(receipts: BroadcastReceipts, clock: any WallClock, metrics: GatewayMetrics, logger: Logger) {
        (self.receipts, self.clock, self.metrics, self.logger) = (receipts, clock, metrics, logger)
    }

    /// Adds what an event loop did, or one more session that was written to.
    func report(_ delivery: Delivery, _ tally: DeliveryTally) {
        guard delivery.kind == .message, tally.online > 0 || tally.written > 0 || tally.lagging > 0 else { return }
        let milliseconds = max(0, clock.now.milliseconds - delivery.committedAt)
        metrics.delivered(tally, afterMilliseconds: milliseconds)
        add(
            BroadcastDelivery(
                reference: delivery.reference,
                seq: delivery.position.messageSeq,
                online: tally.online,
                written: tally.written,
                lagging: tally.lagging,
                lastWriteMilliseconds: tally.written > 0 ? milliseconds : 0
            )
        )
    }

    private func add(_ delivery: BroadcastDelivery) {
        let key = Key(reference: delivery.reference, seq: delivery.seq)
        sums.withLock { sums in
            let sum = sums[key]
            sums[key] = BroadcastDelivery(
                reference: delivery.reference,
                seq: delivery.seq,
                online: delivery.online + (sum?.online ?? 0),
                written: delivery.written + (sum?.written ?? 0),
                lagging: delivery.lagging + (sum?.lagging ?? 0),
                lastWriteMilliseconds: max(delivery.lastWriteMilliseconds, sum?.lastWriteMilliseconds ?? 0)
            )
        }
    }

    /// Writes what has come together.
    func write() async {
        let deliveries = sums.withLock { sums in
            defer { sums = [:] }
            return Array(sums.values)
        }
        guard !deliveries.isEmpty else { return }
        do throws(ChatError) {
            guard try await receipts.add(deliveries) else {
                return logger.warning(
                    "whether receipts of broadcasts were written is not known; they are not written again",
                    metadata: ["broadcasts": "\(deliveries.count)"]
                )
            }
        } catch {
            logger.fault("cannot write the receipts of broadcasts", error)
            for delivery in deliveries { add(delivery) }
        }
    }
}
