import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A connection's descriptor, for sending past NIO's queue: what the pipeline does for a frame costs seven times as much
/// user time as the system call beside it.
///
/// NIO hands out the descriptor for the time of a closure, for it may close it at any other. Here it is kept, and it is
/// right to use it under conditions that ``WebSocketConnection`` alone can see to:
/// - on the event loop and while `channel.isActive`, which NIO makes false in the same step in which it closes the
///   descriptor, before any code of ours can run;
/// - while nothing of this connection waits in NIO, or the bytes would overtake it;
/// - without TLS, or they would go out in the clear.
struct DirectSocket {
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
    @inline(__always)
    func send(_ frame: ByteBuffer) -> Int {
        frame.withUnsafeReadableBytes { bytes in
            #if canImport(Glibc)
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
            return max(0, Glibc.send(descriptor, bytes.baseAddress, bytes.count, flags))
            #else
            // NIO has switched SIGPIPE off for its sockets here.
            return max(0, Darwin.send(descriptor, bytes.baseAddress, bytes.count, MSG_DONTWAIT))
            #endif
        }
    }
}
