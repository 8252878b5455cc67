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

    /// Makes a password of 120 random bits and prints it.
    func random(_ systems: Systems) -> String {
        let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789".utf8)
        let password = String(decoding: systems.random.bytes(24).map { alphabet[Int($0) % 32] }, as: UTF8.self)
        printLine("the password is \(password)")
        return password
    }

    /// Reads a line that the terminal does not show.
    private static func ask(_ question: String) -> String {
        printWithoutNewline(question)
        var before = termios()
        tcgetattr(STDIN_FILENO, &before)
        var hidden = before
        hidden.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &before)
            printLine("")
        }
        return readLine() ?? ""
    }

    private static func printWithoutNewline(_ text: String) {
        print(text, terminator: "")
        fflush(nil)
    }
}
