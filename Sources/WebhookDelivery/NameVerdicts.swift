import Dispatch
package import NIOCore
import Synchronization

/// Where names lead, remembered for some seconds so that a delivery costs no lookup.
///
/// A verdict spares connections that would be refused, and keeps names whose servers do not answer from the client's
/// own lookups, which run one after another. It decides nothing: the address is judged again when a connection is
/// made, because a name may lead elsewhere by then.
package final class NameVerdicts: Sendable {
    package typealias LookUp = @Sendable (_ name: String) -> [String]

    package enum Verdict: Sendable, Equatable {
        /// At least one of its addresses may be reached.
        case permitted
        /// None may be; this is one of them.
        case refused(address: String)
        case notFound
    }

    static let lifetime = TimeAmount.seconds(5)
    /// How many names are remembered, and how many are looked up at once.
    package static let capacity = 1024

    private struct Entry {
        let verdict: EventLoopFuture<Verdict>
        /// Nil while the lookup runs: whoever asks meanwhile waits for it, so that a name occupies one thread at most.
        var expiry: NIODeadline?
    }

    private let policy: AddressPolicy
    private let lookUp: LookUp
    private let now: @Sendable () -> NIODeadline
    private let queue = DispatchQueue(label: "rostrum.webhooks.names", attributes: .concurrent)
    private let entries = Mutex<[String: Entry]>([:])

    /// - Parameter lookUp: the addresses that a name leads to, none when it is not found. May block.
    package init(
        policy: AddressPolicy,
        lookUp: @escaping LookUp,
        now: @escaping @Sendable () -> NIODeadline = { .now() }
    ) {
        (self.policy, self.lookUp, self.now) = (policy, lookUp, now)
    }

    /// Fails with a ``DeliveryRefusal`` when too many names are being looked up.
    package func verdict(on name: String, eventLoop: any EventLoop) -> EventLoopFuture<Verdict> {
        let promise = eventLoop.makePromise(of: Verdict.self)
        let known: EventLoopFuture<Verdict>? = entries.withLock { entries in
            if let entry = entries[name], entry.expiry.map({ now() < $0 }) ?? true { return entry.verdict }
            if entries.count >= Self.capacity { Self.makeRoom(in: &entries, now: now()) }
            guard entries.count < Self.capacity else { return eventLoop.makeFailedFuture(DeliveryRefusal.tooManyNames) }
            entries[name] = Entry(verdict: promise.futureResult, expiry: nil)
            return nil
        }
        if let known {
            known.cascade(to: promise)
        } else {
            queue.async { self.find(name, promise) }
        }
        return promise.futureResult
    }

    private func find(_ name: String, _ promise: EventLoopPromise<Verdict>) {
        let addresses = lookUp(name)
        let verdict: Verdict =
            if addresses.contains(where: policy.permits) {
                .permitted
            } else if let address = addresses.first {
                .refused(address: address)
            } else {
                .notFound
            }
        entries.withLock { $0[name]?.expiry = now() + Self.lifetime }
        promise.succeed(verdict)
    }

    /// Forgets what has expired, or else everything that is not being looked up.
    private static func makeRoom(in entries: inout [String: Entry], now: NIODeadline) {
        entries = entries.filter { $0.value.expiry.map { now < $0 } ?? true }
        if entries.count >= capacity { entries = entries.filter { $0.value.expiry == nil } }
    }
}
