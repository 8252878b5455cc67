package import Dispatch
import Glibc
import Synchronization

/// Where log lines go: a file descriptor, or a closure in tests.
///
/// Lines are written under a lock, so that they never mix. What may keep a writer waiting, such as a pipe, is given at
/// most `PIPE_BUF` bytes at a time, lines whole where they fit, and only when it has room for them: a blocking
/// descriptor may be shared with others and cannot be made non-blocking. A reader that reads slowly is waited for, for
/// `patience` before each piece; one that has stopped costs one such wait, and after that lines are dropped, and
/// counted, until it reads again.
///
/// An output that gathers writes lines together and off the caller's thread: neither a system call for each line nor a
/// slow reader is then the caller's affair. Order is kept, and a line that is urgent is written, with all before it,
/// or dropped before the call returns.
package final class LogOutput: Sendable {
    private enum Destination: Sendable {
        case descriptor(Int32, mayBlock: Bool)
        case sink(@Sendable ([UInt8]) -> Void)
    }

    private struct State {
        /// Not everything was written the last time: do not wait again before the descriptor is ready.
        var isStalled = false
        /// The last line was written in part only: end it before the next one begins.
        var isTorn = false
    }

    /// The process's standard error, shared by all who log to it; gathers for 10 ms.
    package static let standardError = LogOutput(descriptor: STDERR_FILENO, gathering: .milliseconds(10))

    private static let newline = UInt8(ascii: "\n")
    /// How long a reader may take to make room, in milliseconds.
    private static let patience: Int32 = 20
    /// How much is gathered where nothing else is said, in bytes.
    package static let mostGathered = 4 * 1_048_576

    private let destination: Destination
    private let gathering: DispatchTimeInterval?
    private let mostGathered: Int
    private let gathered = Mutex<[UInt8]>([])
    private let state = Mutex(State())
    private let dropped = Atomic(0)
    private let writer = DispatchQueue(label: "rostrum.log")

    /// Writes to `descriptor`, which stays the caller's to close.
    ///
    /// - Parameters:
    ///   - interval: for how long lines are gathered; nil writes each at once.
    ///   - mostGathered: how much is gathered at most, in bytes; what does not fit is dropped, and counted.
    package init(
        descriptor: Int32,
        gathering interval: DispatchTimeInterval? = nil,
        mostGathered: Int = LogOutput.mostGathered
    ) {
        var status = stat()
        // A file never keeps a writer waiting, so there is no need to ask.
        let isFile = fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
        destination = .descriptor(descriptor, mayBlock: !isFile)
        (gathering, self.mostGathered) = (interval, mostGathered)
    }

    /// Gives each line, newline included, to `sink`.
    package init(sink: @escaping @Sendable ([UInt8]) -> Void) {
        destination = .sink(sink)
        (gathering, mostGathered) = (nil, 0)
    }

    /// How many lines were lost because nobody read them or the descriptor was broken.
    package var droppedLines: Int { dropped.load(ordering: .relaxed) }

    /// Writes what has been gathered; to be called before the process ends.
    package func flush() {
        // The lock is taken first, so that whoever flushes later also writes later.
        state.withLock { state in
            let bytes = takeGathered()
            if !bytes.isEmpty { write(bytes, &state) }
        }
    }

    private func takeGathered() -> [UInt8] {
        gathered.withLock { gathered in
            defer { gathered = [] }
            return gathered
        }
    }

    /// Writes `line`, or drops it.
    ///
    /// - Parameter isUrgent: whether that must be done when the call returns.
    func write(_ line: [UInt8], isUrgent: Bool) {
        if case .sink(let sink) = destination { return sink(line) }
        guard let gathering else { return state.withLock { write(line, &$0) } }
        // Not gathered first: what waits may have left no room, and this is the last line to lose.
        guard !isUrgent else { return state.withLock { write(takeGathered() + line, &$0) } }
        let isFirst = gathered.withLock { gathered in
            guard gathered.count + line.count <= mostGathered else {
                dropped.add(1, ordering: .relaxed)
                return false
            }
            gathered += line
            return gathered.count == line.count
        }
        if isFirst { writer.asyncAfter(deadline: .now() + gathering) { self.flush() } }
    }

    private func write(_ lines: [UInt8], _ state: inout State) {
        guard case .descriptor(let descriptor, let mayBlock) = destination else { return }
        let whole = state.isTorn ? [Self.newline] + lines : lines
        let written =
            if mayBlock {
                Self.writePieces(whole, to: descriptor, firstPatience: state.isStalled ? 0 : Self.patience)
            } else {
                Self.write(whole, to: descriptor)
            }
        state.isStalled = written < whole.count
        // Nothing written leaves it as it was; the newline that ends a torn line mends it.
        if written > 0 { state.isTorn = whole[written - 1] != Self.newline }
        guard state.isStalled else { return }
        // The first newline may be the one that was put before the lines. A line that was cut is lost too.
        let lost = whole[max(written, whole.count - lines.count)...].count { $0 == Self.newline }
        dropped.add(lost, ordering: .relaxed)
    }

    /// Writes piece by piece and returns how many bytes the descriptor took.
    ///
    /// - Parameter firstPatience: how long to wait before the first piece, in milliseconds.
    private static func writePieces(_ lines: [UInt8], to descriptor: Int32, firstPatience: Int32) -> Int {
        var rest = lines[...]
        var patience = firstPatience
        while !rest.isEmpty, isReady(descriptor, within: patience) {
            // A larger write would block although the descriptor is ready: that says no more than that this much fits.
            var piece = rest.prefix(Int(PIPE_BUF))
            if let end = piece.lastIndex(of: newline) { piece = piece[...end] }
            let count = writeOnce(piece, to: descriptor)
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
            patience = Self.patience
        }
        return lines.count - rest.count
    }

    /// Returns how many bytes the descriptor took.
    private static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = writeOnce(rest, to: descriptor)
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        return bytes.count - rest.count
    }

    /// Returns how many bytes the descriptor took at once; 0 or less when it takes none.
    private static func writeOnce(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Int {
        bytes.withUnsafeBytes { bytes in
            while true {
                let count = Glibc.write(descriptor, bytes.baseAddress, bytes.count)
                if count >= 0 || errno != EINTR { return count }
            }
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
