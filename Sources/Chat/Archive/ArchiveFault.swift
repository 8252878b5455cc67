/// Why a line of an archive cannot be taken, in an operator's words.
package struct ArchiveFault: Error, Equatable, CustomStringConvertible {
    /// From 1; 0 for the file as a whole.
    package let line: Int
    package let problem: String

    package init(line: Int, _ problem: String) {
        (self.line, self.problem) = (line, problem)
    }

    package var description: String { line == 0 ? problem : "line \(line): \(problem)" }
}

/// What is wrong with a value, before anyone knows in which line it stands.
struct ArchiveProblem: Error {
    let text: String

    init(_ text: String) {
        self.text = text
    }
}
