package import Dispatch
import Glibc
import Synchronization

/// Where log lines go: a file descriptor, or a closure in tests.
///
/// What is written at once is one `write`, under a lock: a pipe that is full would otherwise let other lines into the
/// middle of a long one. A reader that has stopped costs one wait of `patience`; after that lines are dropped, and
/// counted, until it reads again. (Lines longer than `PIPE_BUF` may still wait for a reader that reads slowly.)
///
/// An output that gathers writes lines together and off the caller's thread: neither a system call for each line nor a
/// slow reader is then the caller's affair. Order is kept, and a line that is urgent is written, with all before it,
/// before the call returns.
package final class LogOutput: Sendable {
    private enum Destination: Sendable {
        case descriptor(Int32, mayBlock: Bool)
        case sink(@Sendable ([UInt8]) -> Void)
    }

    private struct Gathered {
        var bytes: [UInt8] = []
        var droppedLines = 0
    }

    private struct State {
        var droppedLines = 0
        /// Not everything was written the last time: do not wait again before the descriptor is ready.
        var isStalled = false
        /// The last line was written in part only: end it before the next one begins.
        var isTorn = false
    }

    /// The process's standard error, shared by all who log to it; gathers for 10 ms.
    package static let standardError = LogOutput(descriptor: STDERR_FILENO, gathering: .milliseconds(10))

    private static let patience: Int32 = 20  // milliseconds
    /// How much is gathered at most, in bytes; what does not fit is dropped, and counted.
    private static let mostGathered = 4 * 1_048_576

    private let destination: Destination
    private let gathering: DispatchTimeInterval?
    private let gathered = Mutex(Gathered())
    private let state = Mutex(State())
    private let writer = DispatchQueue(label: "rostrum.log")

    /// Writes to `descriptor`, which stays the caller's to close.
    ///
    /// - Parameter interval: for how long lines are gathered; nil writes each at once.
    package init(descriptor: Int32, gathering interval: DispatchTimeInterval? = nil) {
        var status = stat()
        // A file never keeps a writer waiting, so there is no need to ask.
        let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        destination = .descriptor(descriptor, mayBlock: !isFile)
        gathering = interval
    }

    /// Gives each line, newline included, to `sink`.
    package init(sink: @escaping @Sendable ([UInt8]) -> Void) {
        destination = .sink(sink)
        gathering = nil
    }

    /// How many lines were lost because nobody read them or the descriptor was broken.
    package var droppedLines: Int {
        state.withLock { $0.droppedLines } + gathered.withLock { $0.droppedLines }
    }

    /// Writes what has been gathered; to be called before the process ends.
    package func flush() {
        // The lock is taken first, so that whoever flushes later also writes later.
        state.withLock { state in
            let bytes = gathered.withLock { gathered in
                defer { gathered.bytes = [] }
                return gathered.bytes
            }
            if !bytes.isEmpty { write(bytes, &state) }
        }
    }

    /// Writes `line`, or drops it.
    ///
    /// - Parameter isUrgent: whether it must be written when the call returns.
    func write(_ line: [UInt8], isUrgent: Bool) {
        if case .sink(let sink) = destination { return sink(line) }
        guard let gathering else { return state.withLock { write(line, &$0) } }
        let isFirst = gathered.withLock { gathered in
            guard gathered.bytes.count + line.count <= Self.mostGathered else {
                gathered.droppedLines += 1
                return false
            }
            gathered.bytes += line
            return gathered.bytes.count == line.count
        }
        if isUrgent {
            flush()
        } else if isFirst {
            writer.asyncAfter(deadline: .now() + gathering) { self.flush() }
        }
    }

    private func write(_ lines: [UInt8], _ state: inout State) {
        guard case .descriptor(let descriptor, let mayBlock) = destination else { return }
        let newline = UInt8(ascii: "\n")
        let whole = state.isTorn ? [newline] + lines : lines
        let patience = mayBlock ? (state.isStalled ? 0 : Self.patience) : nil
        let written = Self.write(whole, to: descriptor, patience: patience)
        state.isStalled = written < whole.count
        // Nothing written leaves it as it was; the newline that ends a torn line mends it.
        if written > 0 { state.isTorn = whole[written - 1] != newline }
        guard state.isStalled else { return }
        // The first newline may be the one that was put before the lines.
        state.droppedLines += whole[max(written, whole.count - lines.count)...].count { $0 == newline }
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
