package import ChatProtocol
package import Database

/// How far an import has come that made its application: kept in the storage, and written in the transaction of the rows
/// that it tells of.
///
/// It goes when the import has ended.
package struct ImportRecord: Sendable, Equatable {
    /// Lines that are done with, and their bytes.
    package let lines: Int
    package let bytes: Int
    /// The SHA-256 of those bytes, in hexadecimal digits: another file is not gone on with.
    package let digest: String

    package init(lines: Int, bytes: Int, digest: String) {
        (self.lines, self.bytes, self.digest) = (lines, bytes, digest)
    }

    private init?(_ text: String) {
        let parts = text.split(separator: " ")
        guard parts.count == 3, let lines = Int(parts[0]), let bytes = Int(parts[1]) else { return nil }
        self.init(lines: lines, bytes: bytes, digest: String(parts[2]))
    }

    private static func name(_ application: SDKAppID) -> String { "import_\(application)" }

    /// Nil when no import of the application is under way.
    package static func find(of application: SDKAppID, in tx: any Transaction) throws(ChatError) -> ImportRecord? {
        let row = try tx.row("SELECT value FROM storage_properties WHERE name = \(name(application))")
        guard let row else { return nil }
        guard let record = ImportRecord(try row.text(0)) else {
            throw .internalFault(DatabaseError(.corrupt, "the property \(name(application)) cannot be read"))
        }
        return record
    }

    func write(of application: SDKAppID, in tx: any Transaction) throws(ChatError) {
        try tx.execute(
            """
            INSERT INTO storage_properties (name, value)
            VALUES (\(Self.name(application)), \("\(lines) \(bytes) \(digest)"))
            ON CONFLICT (name) DO UPDATE SET value = excluded.value
            """
        )
    }

    static func remove(of application: SDKAppID, in tx: any Transaction) throws(ChatError) {
        try tx.execute("DELETE FROM storage_properties WHERE name = \(name(application))")
    }
}
