import NIOCore
import Synchronization
import WebSockets

/// What a test has happen between a login and the opening of its session.
final class Interlude: Sendable {
    typealias Action = @Sendable () async throws -> Void

    private struct Door: WebSocketDoor {
        let door: any WebSocketDoor
        let interlude: Interlude

        func decide(_ request: UpgradeRequest, on eventLoop: any EventLoop) -> EventLoopFuture<UpgradeDecision> {
            door.decide(request, on: eventLoop).flatMap { decision in
                guard let action = interlude.take() else { return eventLoop.makeSucceededFuture(decision) }
                return eventLoop.makeFutureWithTask {
                    try await action()
                    return decision
                }
            }
        }

        func unavailable(_ request: UpgradeRequest) -> UpgradeDecision { door.unavailable(request) }
    }

    private let next = Mutex<Action?>(nil)

    /// Happens once, after the next login; the client waits for 10 s at most.
    func set(_ action: @escaping Action) {
        next.withLock { $0 = action }
    }

    private func take() -> Action? {
        next.withLock { next in
            defer { next = nil }
            return next
        }
    }

    /// A door that decides as another does, and then lets the interlude happen.
    func door(after door: any WebSocketDoor) -> any WebSocketDoor {
        Door(door: door, interlude: self)
    }
}
