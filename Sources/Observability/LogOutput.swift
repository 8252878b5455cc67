import Glibc
import Synchronization

/// Where log lines go: a file descriptor, or a closure in tests.
///
/// A line is one `write`, under a lock: a pipe that is full would otherwise let other lines into the middle of a long
/// one. A reader that has stopped costs one wait of `patience`; after that lines are dropped, and counted, until
/// it reads again. (A line longer than `PIPE_BUF` may still wait for a reader that reads slowly.)
package final class LogOutput: Sendable {
    private enum Destination: Sendable {
        case descriptor(Int32, mayBlock: Bool)
        case sink(@Sendable ([UInt8]) -> Void)
    }

    private struct State {
        var droppedLines = 0
        /// The last line was dropped: do not wait again before the descriptor is ready.
        var isStalled = false
        /// The last line was written in part only: end it before the next one begins.
        var isTorn = false
    }

    /// The process's standard error, shared by all who log to it.
    package static let standardError = LogOutput(descriptor: STDERR_FILENO)

    private static let patience: Int32 = 20  // milliseconds

    private let destination: Destination
    private let state = Mutex(State())

    /// Writes to `descriptor`, which stays the caller's to close.
    package init(descriptor: Int32) {
        var status = stat()
        // A file never keeps a writer waiting, so there is no need to ask.
        let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        destination = .descriptor(descriptor, mayBlock: !isFile)
    }

    /// Gives each line, newline included, to `sink`.
    package init(sink: @escaping @Sendable ([UInt8]) -> Void) {
        destination = .sink(sink)
    }

    /// How many lines were lost because nobody read them or the descriptor was broken.
    package var droppedLines: Int {
        state.withLock { $0.droppedLines }
    }

    /// Writes `line`, or drops it.
    func write(_ line: [UInt8]) {
        switch destination {
        case .sink(let sink):
            sink(line)
        case .descriptor(let descriptor, let mayBlock):
            state.withLock { state in
                let whole = state.isTorn ? [UInt8(ascii: "\n")] + line : line
                let patience = mayBlock ? (state.isStalled ? 0 : Self.patience) : nil
                let written = Self.write(whole, to: descriptor, patience: patience)
                state.isStalled = written < whole.count
                guard state.isStalled else {
                    state.isTorn = false
                    return
                }
                state.droppedLines += 1
                // Nothing written leaves it as it was; only the newline of a torn line mends it.
                if written > 0 { state.isTorn = !(state.isTorn && written == 1) }
            }
        }
    }

    /// Returns how many bytes the descriptor took.
    ///
    /// - Parameter patience: how long to wait for it, in milliseconds; nil for one that never keeps a writer waiting.
    private static func write(_ line: [UInt8], to descriptor: Int32, patience: Int32?) -> Int {
        line.withUnsafeBytes { bytes in
            var written = 0
            var refusals = 0
            while written < bytes.count {
                if let patience, !isReady(descriptor, within: patience) { return written }
                let count = Glibc.write(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
                if count > 0 {
                    written += count
                } else if count == 0 || (errno != EINTR && errno != EAGAIN) {
                    return written
                } else if errno == EAGAIN {
                    refusals += 1
                    guard refusals < 4 else { return written }
                }
            }
            return written
        }
    }

    /// Whether the descriptor takes bytes, or fails at once.
    ///
    /// Also asked of blocking descriptors: a stuck log reader must not stop the server.
    private static func isReady(_ descriptor: Int32, within milliseconds: Int32) -> Bool {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        while true {
            let count = poll(&request, 1, milliseconds)
            if count >= 0 || errno != EINTR { return count > 0 }
        }
    }
}
