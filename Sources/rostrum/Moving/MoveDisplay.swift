import Server

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// Shows how far a move has come: by a bar on a terminal, by a line for each table anywhere else.
final class MoveDisplay {
    private static let barWidth = 30

    private let isTerminal = isatty(STDOUT_FILENO) == 1
    private var lastBar = ""

    func show(_ report: MoveReport) {
        if isTerminal {
            draw(Self.bar(report))
        } else if report.isTableDone {
            printLine("\(Self.word(report.stage)) \(report.table): \(Self.rows(report))")
        }
    }

    /// Leaves the bar where it is, so that what is printed next has a line of its own.
    func end() {
        guard !lastBar.isEmpty else { return }
        put("\n")
        lastBar = ""
    }

    private static func bar(_ report: MoveReport) -> String {
        let share = report.allRows > 0 ? min(1, Double(report.rows) / Double(report.allRows)) : 1
        let filled = Int(share * Double(barWidth))
        let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: barWidth - filled)
        return "\(word(report.stage)) [\(bar)] \(Int(share * 100)) %, \(rows(report)), \(report.table)"
    }

    private static func word(_ stage: MoveReport.Stage) -> String {
        switch stage {
        case .copying: "copied"
        case .verifying: "verified"
        }
    }

    private static func rows(_ report: MoveReport) -> String {
        "\(report.rows) of \(report.allRows) rows"
    }

    private func draw(_ bar: String) {
        guard bar != lastBar else { return }
        lastBar = bar
        // To the start of the line, and what was there is wiped out.
        put("\r\u{1B}[2K" + bar)
    }

    private func put(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(STDOUT_FILENO, bytes, bytes.count)
    }
}
