import ArgumentParser
import Chat
import ChatProtocol
import FoundationEssentials
import Server

extension AppCommand {
    struct Audit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show who changed what, from where, newest first."
        )

        @OptionGroup var target: ApplicationTarget

        @Option(help: "At most so many changes.")
        var limit = 50

        func validate() throws {
            guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be 1 to 10000.") }
        }

        func run() async throws {
            try await target.storage.withInstallation { systems in
                let entries = try await systems.applications.audit(of: target.id, newest: limit)
                let views = entries.map(AuditView.init)
                if target.json { return try printJSON(views) }
                for view in views { printLine(view.line) }
            }
        }
    }
}

/// A change as the command line shows it.
private struct AuditView: Encodable {
    let time: String
    let requestID: String
    let caller: String
    /// Empty for what was done on the machine itself.
    let address: String
    let action: String
    let target: String

    init(_ entry: AuditEntry) {
        time = entry.time.iso8601
        (requestID, caller, address) = (entry.requestID, entry.caller, entry.address)
        (action, target) = (entry.action, entry.target)
    }

    var line: String {
        "\(time)  \(caller)\(address.isEmpty ? "" : " from \(address)")  \(action)  \(target)  \(requestID)"
    }
}
