import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A connection's descriptor, for sending past NIO's queue, and for what the kernel knows of it.
///
/// NIO hands it out for the time of a closure, for at any other it may close it. Here it is kept, because to ask for it
/// costs more than to send with it, and it may be used under conditions that ``WebSocketConnection`` sees to, which gives
/// it out as ``WebSocketConnection/clearSocket`` while they hold:
/// - on the event loop and before `channelInactive`. NIO calls that in the same step in which it closes the descriptor;
///   in between it only fails the writes that wait, of which nobody is told whose channel is no longer active;
/// - for sending: while nothing of this connection waits in NIO, or the bytes would overtake it, and without TLS, or they
///   would go out in the clear.
package struct DirectSocket {
    private let descriptor: NIOBSDSocket.Handle

    /// Call on the event loop.
    ///
    /// - Returns: nil when the channel has no socket, as in tests.
    init?(of channel: any Channel) {
        let descriptor = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { $0 }
        guard let descriptor else { return nil }
        self.descriptor = descriptor
    }

    /// Sends as much as the kernel takes at once.
    ///
    /// - Returns: how many bytes it took. 0 also when the connection is broken: NIO, which is given the rest, finds out
    ///   and closes it.
    package func send(_ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        return max(0, Glibc.send(descriptor, bytes.baseAddress, bytes.count, flags))
        #else
        // NIO has switched SIGPIPE off for its sockets here.
        return max(0, Darwin.send(descriptor, bytes.baseAddress, bytes.count, MSG_DONTWAIT))
        #endif
    }

    /// How far a peer's kernel has come with what it was sent.
    struct Progress {
        /// Bytes that it has acknowledged since the connection began: it takes what its buffer has room for, and more only
        /// when the peer reads.
        let acknowledgedBytes: UInt64
        /// Bytes that the kernel here still keeps because they cannot go out: the peer, or the network, has no room for them.
        let unsentBytes: UInt32
    }

    #if canImport(Glibc)
    /// Where `tcpi_bytes_acked` and `tcpi_notsent_bytes` stand in Linux's `struct tcp_info`, of which Glibc declares the
    /// beginning only.
    private static let bytesAcknowledged = 120, bytesNotSent = 144

    /// - Returns: nil when the kernel does not say.
    var progress: Progress? {
        let end = Self.bytesNotSent + MemoryLayout<UInt32>.size
        return withUnsafeTemporaryAllocation(byteCount: end, alignment: MemoryLayout<UInt64>.alignment) { information in
            var size = socklen_t(end)
            let status = getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, information.baseAddress, &size)
            guard status == 0, size == end else { return nil }
            return Progress(
                acknowledgedBytes: information.load(fromByteOffset: Self.bytesAcknowledged, as: UInt64.self),
                unsentBytes: information.load(fromByteOffset: Self.bytesNotSent, as: UInt32.self)
            )
        }
    }
    #else
    /// Not known here.
    var progress: Progress? { nil }
    #endif
}
