import ArgumentParser
import Chat
import Server

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Where a password comes from: never from the command line, which every process can read.
struct PasswordSource: ParsableArguments {
    static let explanation = """
        The password is asked for, twice; or it is the first line of the standard input when that is no terminal; or \
        --random-password makes one and prints it.
        """

    @Flag(help: "Make a random password and print it.")
    var randomPassword = false

    /// - Returns: nil when one is to be made.
    func read(for name: OperatorName) throws -> String? {
        guard !randomPassword else { return nil }
        guard isatty(STDIN_FILENO) == 1 else {
            guard let line = readLine() else { throw StartError("the standard input has no password") }
            return line
        }
        let password = Self.ask("Password for \(name): ")
        guard Self.ask("Once more: ") == password else { throw StartError("the two passwords differ") }
        return password
    }

    /// A password of 120 random bits; printed once it counts.
    static func random(_ systems: Systems) -> String {
        let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
        return String(decoding: systems.random.bytes(24).map { alphabet[Int($0) % 32] }, as: UTF8.self)
    }

    /// How the terminal was.
    ///
    /// Written before the handler of the signal is there that reads it, by the one thread that asks.
    private nonisolated(unsafe) static var terminal = termios()

    /// Reads a line that the terminal does not show.
    private static func ask(_ question: String) -> String {
        printError(question)
        tcgetattr(STDIN_FILENO, &terminal)
        var hidden = terminal
        hidden.c_lflag &= ~tcflag_t(ECHO)
        // Whoever presses Ctrl-C gets his terminal back as it was.
        signal(SIGINT) { _ in
            tcsetattr(STDIN_FILENO, TCSANOW, &PasswordSource.terminal)
            signal(SIGINT, SIG_DFL)
            raise(SIGINT)
        }
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal)
            signal(SIGINT, SIG_DFL)
            printError("\n")
        }
        return readLine() ?? ""
    }

    /// What is asked is no part of the result, which a program may read.
    private static func printError(_ text: String) {
        var text = text
        text.withUTF8 { bytes in _ = write(STDERR_FILENO, bytes.baseAddress, bytes.count) }
    }
}
