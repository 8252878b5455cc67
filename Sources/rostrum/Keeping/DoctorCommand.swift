import ArgumentParser
import FoundationEssentials
import Server

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at everything that the server stands on, and say what to do.",
        discussion: """
            Takes settings as `rostrum serve` does: from flags, the environment and the file of --config. The flags are those \
            of the server; here nothing of what they say is done, it is judged. Nothing of what is in the storage is \
            changed, and a server may run meanwhile. Exits with 1 when something has to be done, with 0 otherwise.
            """
    )

    @OptionGroup var flags: ServeFlags

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let findings = await Doctor.examine(
            flags: flags.given,
            environment: ProcessInfo.processInfo.environment,
            file: flags.config
        )
        if json {
            try printJSON(findings)
        } else {
            for finding in findings { show(finding) }
        }
        if findings.contains(where: { $0.level == .error }) { throw ExitCode(1) }
    }

    private func show(_ finding: Finding) {
        let level = finding.level.rawValue
        let indent = String(repeating: " ", count: 9)
        printLine(level + indent.dropFirst(level.count) + "\(finding.subject.rawValue): \(finding.text.asOneLine)")
        if let advice = finding.advice { printLine(indent + advice.asOneLine) }
    }
}
