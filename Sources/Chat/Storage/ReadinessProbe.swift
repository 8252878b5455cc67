package import ChatProtocol
package import Database

/// A row that one process writes to prove that the storage takes a durable write.
///
/// Each process has its own: one that hangs in its write, and keeps the row locked, is not to make others look as if
/// they hung.
package struct ReadinessProbe: Sendable {
    /// Milliseconds after which a process that wrote nothing is no more.
    private static let lifetime: Int64 = 86_400_000
    /// What the rows' names begin with; that of the version before is this alone.
    private static let prefix = "readiness_probe"

    private let name: String

    package init(random: any RandomSource) {
        name = Self.prefix + "_" + random.hex(bytes: 8)
    }

    package func write(at moment: Timestamp, in tx: any Transaction) throws(ChatError) {
        try tx.execute(
            """
            INSERT INTO storage_properties (name, value) VALUES (\(name), \(String(moment.milliseconds)))
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """
        )
    }

    /// When this process last wrote, in milliseconds.
    package func lastWrite(in tx: any Transaction) throws(ChatError) -> String? {
        try tx.row("SELECT value FROM storage_properties WHERE name = \(name)")?.text(0)
    }

    /// Deletes the rows of processes that are no more.
    package static func sweep(at moment: Timestamp, in tx: any Transaction) throws(ChatError) {
        // As texts: numbers of so many milliseconds have 13 digits until the year 2286.
        try tx.execute(
            """
            DELETE FROM storage_properties
            WHERE substr(name, 1, 15) = \(prefix) AND value < \(String(moment.milliseconds - lifetime))
            """
        )
    }
}
