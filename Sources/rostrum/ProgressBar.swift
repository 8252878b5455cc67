import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Shows how far something is on the terminal of standard error; where that is none, nothing.
///
/// Standard output stays what the command prints, for a script to read.
final class ProgressBar: Sendable {
    private static let width = 30

    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let last = Mutex("")

    /// - Parameter word: what is being done.
    func show(_ word: String, _ done: Int, of all: Int) {
        guard isTerminal else { return }
        let share = all > 0 ? min(1, Double(done) / Double(all)) : 1
        let filled = Int(share * Double(Self.width))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.width - filled)
        let text = "\(word) [\(bar)] \(Int(share * 100)) %"
        last.withLock { last in
            guard text != last else { return }
            last = text
            // To the start of the line, and what was there is wiped out.
            printToStandardError("\r\u{1B}[2K" + text)
        }
    }

    /// Wipes the bar out, so that what is printed next stands alone.
    func end() {
        last.withLock { last in
            guard !last.isEmpty else { return }
            printToStandardError("\r\u{1B}[2K")
            last = ""
        }
    }
}
