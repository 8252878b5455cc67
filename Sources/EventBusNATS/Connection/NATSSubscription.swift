import CNATS

/// What was subscribed to on a connection.
///
/// Unchecked for the same reason as ``NATSConnection``.
final class NATSSubscription: @unchecked Sendable {
    private let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    /// How many messages were dropped so far because they were not taken fast enough.
    var dropped: Int64 {
        var count: Int64 = 0
        return natsSubscription_GetDropped(pointer, &count) == NATS_OK ? count : 0
    }

    /// Tells the server, if the connection is still there, and frees the memory.
    deinit {
        natsSubscription_Destroy(pointer)
    }
}
