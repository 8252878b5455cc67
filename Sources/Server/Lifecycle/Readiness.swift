import Synchronization

/// Waits until every listener listens, then says so once.
final class Readiness: Sendable {
    enum Door: Hashable, Sendable {
        case main, plain, tls, admin, console
    }

    private let ports = Mutex<[Door: Int]>([:])
    private let awaited: Set<Door>
    private let announce: @Sendable ([Door: Int]) -> Void

    /// - Parameter announce: told the port of every door when the last one listens.
    init(_ awaited: Set<Door>, announce: @escaping @Sendable ([Door: Int]) -> Void) {
        (self.awaited, self.announce) = (awaited, announce)
    }

    func listening(_ door: Door, port: Int) {
        let complete: [Door: Int]? = ports.withLock { ports in
            ports[door] = port
            return Set(ports.keys) == awaited ? ports : nil
        }
        if let complete { announce(complete) }
    }
}
