import CLibpq
import Dispatch

/// Asks the server to give up what a connection waits for.
///
/// The server is asked over a connection of its own, by a thread of its own: where the network is cut that takes as
/// long as it takes, and nobody waits for it.
struct Cancellation: @unchecked Sendable {
    // Sendable because libpq's cancel object is a copy of what is needed, and one thread alone uses and frees it.
    private let handle: OpaquePointer

    init?(of server: OpaquePointer) {
        guard let handle = PQgetCancel(server) else { return nil }
        self.handle = handle
    }

    func request() {
        DispatchQueue(label: "rostrum.postgres.cancel").async {
            var message = [CChar](repeating: 0, count: 256)
            _ = PQcancel(handle, &message, CInt(message.count))
            PQfreeCancel(handle)
        }
    }
}
