package import ChatProtocol
package import Database

/// The newest change of an application, by which is told whether another one came after it.
package struct ArchiveMark: Sendable, Equatable {
    /// One line, to be kept beside the beginning of an export.
    package let text: String

    package init(text: String) {
        self.text = text
    }

    /// The application's, as it is now.
    package static func current(of application: SDKAppID, in tx: any Transaction) throws(ChatError) -> ArchiveMark {
        // Of one millisecond there may be several, and the last of them need not be the last in the order of their names.
        let row = try tx.row(
            """
            SELECT at, count(*) FROM audit WHERE app = \(application)
                AND at = (SELECT max(at) FROM audit WHERE app = \(application))
            GROUP BY at
            """
        )
        guard let row else { return ArchiveMark(text: "unchanged") }
        return ArchiveMark(text: "\(try row.integer(0)) \(try row.integer(1))")
    }
}

extension ApplicationExport {
    /// Why an export that was stopped cannot be gone on with, as words that follow the application's name; nil when nothing
    /// has changed since.
    ///
    /// - Parameters:
    ///   - beginning: the application's line in what was written.
    ///   - mark: that of the moment of which it is; nil when it was not kept.
    package func obstacle(
        toGoingOnFrom beginning: ArchivedApplication,
        _ mark: ArchiveMark?,
        in tx: any Transaction
    ) throws(ChatError) -> String? {
        let current = ArchivedApplication(try application(in: tx), withSecrets: header.hasSecrets)
        guard !current.isEnabled else { return "answers calls, so that it may have changed since" }
        guard !beginning.isEnabled else { return "answered calls then, so that it may have changed since" }
        guard current.json.json == beginning.json.json else { return "has other settings, keys or admins since" }
        guard let mark else { return "may have changed since: what tells is not beside it" }
        guard try mark == ArchiveMark.current(of: header.application, in: tx) else { return "has changed since" }
        return nil
    }
}
