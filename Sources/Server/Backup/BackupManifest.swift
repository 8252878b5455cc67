/// What a backup says of itself, in its second line.
package struct BackupManifest: Codable, Equatable, Sendable {
    /// The backup that an incremental one stands on.
    package struct Base: Codable, Equatable, Sendable {
        package let id: String
        /// Its name in the directory of both.
        package let file: String
    }

    /// A random number of this backup's own.
    package let id: String
    /// Nil for one that stands alone.
    package let base: Base?
    /// When it was made, by the machine's clock: ISO 8601, UTC.
    package let createdAt: String
    /// The version of the program that made it.
    package let release: String
    /// The newest step of the storage's schema.
    package let schema: Int64
    /// Which life of the storage it is of; nil when the storage had none yet.
    package let generation: String?
    package let installation: String?
    /// Rows of each table.
    package let rows: [String: Int64]
    package let databaseBytes: Int
    /// Of the database as it was.
    package let databaseSHA256: String
    package let blockBytes: Int
    /// Blocks that stand in the file itself.
    package let storedBlocks: Int
    /// Of the table of blocks that follows.
    package let tableSHA256: String

    package var blocks: Int { (databaseBytes + blockBytes - 1) / blockBytes }

    /// How long a block is: the last one may be shorter.
    func bytes(ofBlock block: Int) -> Int {
        min(blockBytes, databaseBytes - block * blockBytes)
    }
}
