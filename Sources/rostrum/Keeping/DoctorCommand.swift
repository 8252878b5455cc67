import ArgumentParser
import FoundationEssentials
import Server

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Look at everything that the server stands on, and say what to do.",
        discussion: """
            Takes settings as `rostrum serve` does: from flags, the environment and the file of --config. Nothing of \
            what is in the storage is changed, and a server may run meanwhile. Exits with 1 when something has to be done, with 0 otherwise.
            """
    )

    @Option(help: ArgumentHelp("A YAML file with settings.", valueName: "FILE"))
    var config: String?

    @Option(help: ArgumentHelp("The directory that holds the data.", valueName: "DIR"))
    var dataDir: String?

    @Option(help: ArgumentHelp("The PostgreSQL database of a cluster; better in ROSTRUM_DATABASE.", valueName: "URL"))
    var database: String?

    @Option(help: ArgumentHelp("The NATS servers of a cluster.", valueName: "URL"))
    var bus: String?

    @Option(help: ArgumentHelp("The key that secrets are stored under (default: DIR/master.key).", valueName: "FILE"))
    var masterKeyFile: String?

    @Option(help: ArgumentHelp("The certificate chain of HTTPS, PEM.", valueName: "FILE"))
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("The certificate's key, PEM.", valueName: "FILE"))
    var tlsKey: String?

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let given: [(String, String?)] = [
            ("data-dir", dataDir), ("database", database), ("bus", bus), ("master-key-file", masterKeyFile),
            ("tls-certificate", tlsCertificate), ("tls-key", tlsKey),
        ]
        var flags: [String: [String]] = [:]
        for case (let name, let value?) in given { flags[name] = [value] }
        let findings = await Doctor.examine(
            flags: flags,
            environment: ProcessInfo.processInfo.environment,
            file: config
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
