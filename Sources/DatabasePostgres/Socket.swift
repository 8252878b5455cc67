#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The socket of a connection, which libpq reads and writes and we wait for.
struct Socket {
    private let descriptor: CInt

    init(_ descriptor: CInt) {
        self.descriptor = descriptor
    }

    /// - Parameter deadline: nil for as long as it takes.
    /// - Returns: whether the socket can be read, or also written, before the deadline; an error can be read, too.
    func wait(writing: Bool, until deadline: ContinuousClock.Instant?) -> Bool {
        var waited = pollfd(fd: descriptor, events: Int16(writing ? POLLIN | POLLOUT : POLLIN), revents: 0)
        while true {
            let rest = deadline.map { max(0, ($0 - .now) / .milliseconds(1)).rounded(.up) }
            let milliseconds = rest.map { CInt(min($0, 3_600_000)) } ?? -1
            let count = poll(&waited, 1, milliseconds)
            if count > 0 { return true }
            if count == 0 { return false }
            guard errno == EINTR else { return true }
        }
    }
}
