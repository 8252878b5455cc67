import Synchronization

/// Members of which each is used by one thread at a time; there are as many as threads.
final class Pool<Member: Sendable>: Sendable {
    private let idle: Mutex<[Member]>

    init(_ members: [Member]) {
        idle = Mutex(members)
    }

    func use(_ body: (Member) -> Void) {
        guard let member = idle.withLock({ $0.popLast() }) else {
            preconditionFailure("there are as many members as threads")
        }
        defer { idle.withLock { $0.append(member) } }
        body(member)
    }
}
