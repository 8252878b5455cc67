import Chat
import Synchronization

/// Makes the `RequestId` of each answer: random digits of this process, then a running number.
final class RequestIDs: Sendable {
    private let prefix: String
    private let last = Atomic<UInt64>(0)

    init(random: any RandomSource) {
        prefix = random.hex(bytes: 8) + "-"
    }

    func next() -> String {
        prefix + String(last.wrappingAdd(1, ordering: .relaxed).newValue, radix: 16)
    }
}
