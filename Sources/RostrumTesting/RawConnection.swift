#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// A TCP connection to a port of this machine that sends any bytes, and reads as much of HTTP/1.1 as a test needs.
///
/// Every operation has a deadline, so nothing waits for ever. Its blocking calls have a thread of their own.
package actor RawConnection {
    package enum Failure: Error, Equatable {
        /// A call of the system failed with this `errno`.
        case system(String, Int32)
        /// The deadline passed; so many bytes had come that were not taken.
        case timedOut(pending: Int)
        /// The other side closed; so many bytes had come that were not taken.
        case closed(pending: Int)
        /// What came is no HTTP/1.1.
        case notHTTP(String)

        package var isRefused: Bool { self == .system("connect", ECONNREFUSED) }
    }

    private let descriptor: Int32
    private let executor = BlockingExecutor(label: "rostrum.testing.connection")
    private var received: [UInt8] = []

    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Connects to 127.0.0.1.
    ///
    /// - Parameter receiveBuffer: how many bytes the kernel keeps of what is not read; nil for the system's own size.
    package static func open(port: Int, receiveBuffer: Int? = nil) async throws -> RawConnection {
        let connection = try RawConnection(receiveBuffer: receiveBuffer)
        try await connection.connect(UInt16(port))
        return connection
    }

    private init(receiveBuffer: Int?) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure.system("socket", errno) }
        guard var bytes = receiveBuffer.map(Int32.init) else { return }
        // Before it connects, for the window is agreed upon then.
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit {
        Glibc.close(descriptor)
    }

    /// Sends everything.
    ///
    /// - Throws: ``Failure/timedOut(pending:)`` when the other side does not take it.
    package func send(_ bytes: [UInt8], within limit: Duration = .seconds(40)) throws {
        let deadline = ContinuousClock.now + patient(limit)
        var sent = 0
        while sent < bytes.count {
            try wait(for: POLLOUT, until: deadline)
            let count = bytes.withUnsafeBytes { bytes in
                Glibc.send(
                    descriptor,
                    bytes.baseAddress.map { $0 + sent },
                    bytes.count - sent,
                    Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
                )
            }
            if count > 0 {
                sent += count
            } else if errno != EAGAIN, errno != EINTR {
                throw Failure.system("send", errno)
            }
        }
    }

    package func send(_ text: String, within limit: Duration = .seconds(40)) throws {
        try send(Array(text.utf8), within: limit)
    }

    /// Says that nothing more will be sent.
    package func finishSending() {
        shutdown(descriptor, Int32(SHUT_WR))
    }

    /// Closes with a reset, as a process that dies may.
    package func abort() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Reads one reply and leaves what follows it.
    ///
    /// - Parameter hasBody: false for the reply to a HEAD, which has none whatever its headers say.
    package func readReply(hasBody: Bool = true, within limit: Duration = .seconds(40)) throws -> HTTPReply {
        let deadline = ContinuousClock.now + patient(limit)
        let end = Array("\r\n\r\n".utf8)
        while received.firstRange(of: end) == nil { try receive(until: deadline) }
        let headEnd = received.firstRange(of: end)?.upperBound ?? 0
        var reply = try HTTPReply(head: String(decoding: received[..<headEnd], as: UTF8.self))
        received.removeFirst(headEnd)
        guard hasBody, reply.status >= 200, reply.status != 304 else { return reply }
        guard let length = reply["content-length"].flatMap(Int.init) else {
            throw Failure.notHTTP("a reply without Content-Length")
        }
        while received.count < length { try receive(until: deadline) }
        reply.body = Array(received.prefix(length))
        received.removeFirst(length)
        return reply
    }

    /// Reads exactly so many bytes and leaves what follows them.
    package func read(_ count: Int, within limit: Duration = .seconds(40)) throws -> [UInt8] {
        let deadline = ContinuousClock.now + patient(limit)
        while received.count < count { try receive(until: deadline) }
        defer { received.removeFirst(count) }
        return Array(received.prefix(count))
    }

    /// Reads until the other side closes.
    ///
    /// - Returns: everything that came and was not taken before.
    /// - Throws: ``Failure/timedOut(pending:)`` when the connection stays open.
    package func readUntilClosed(within limit: Duration = .seconds(40)) throws -> [UInt8] {
        let deadline = ContinuousClock.now + patient(limit)
        do {
            while true { try receive(until: deadline) }
        } catch Failure.closed {
            defer { received = [] }
            return received
        }
    }

    private func connect(_ port: UInt16) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Failure.system("connect", errno) }
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Appends what comes next to what is received.
    private func receive(until deadline: ContinuousClock.Instant) throws {
        try wait(for: POLLIN, until: deadline)
        let chunk = try [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, count in
            let length = recv(descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            if length < 0, errno == EAGAIN || errno == EINTR { return }
            // A reset is an end too: of a connection with bytes that nobody read.
            if length == 0 || length < 0 && (errno == ECONNRESET || errno == EPIPE) {
                throw Failure.closed(pending: received.count)
            }
            guard length > 0 else { throw Failure.system("recv", errno) }
            count = length
        }
        received += chunk
    }

    private func wait(for event: Int32, until deadline: ContinuousClock.Instant) throws {
        while true {
            let left = deadline - .now
            guard left > .zero else { throw Failure.timedOut(pending: received.count) }
            var entry = pollfd(fd: descriptor, events: Int16(event), revents: 0)
            let ready = poll(&entry, 1, Int32(left / .milliseconds(1)) + 1)
            if ready > 0 { return }
            guard ready == 0 || errno == EINTR else { throw Failure.system("poll", errno) }
        }
    }
}
