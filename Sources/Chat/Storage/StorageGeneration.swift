package import ChatProtocol
package import Database

/// Which life of the storage this is: a random number that whatever can bring back an older state replaces, and the
/// lineage of what the storage holds, which may change at any time.
///
/// Source: design section 6.
package struct StorageGeneration: Sendable {
    private let number: String
    private let database: any Database

    /// - Parameters:
    ///   - number: lower-case hexadecimal digits.
    ///   - database: what tells the lineage.
    package init(_ number: String, of database: any Database) {
        (self.number, self.database) = (number, database)
    }

    /// Lower-case hexadecimal digits; others when something may be lost.
    package var text: String { text(lineage: database.lineage) }

    private func text(lineage: Int64) -> String { lineage == 0 ? number : number + String(lineage, radix: 16) }

    /// The storage's generation; makes one when it has none.
    package static func find(
        in database: any Database,
        random: any RandomSource
    ) async throws(ChatError) -> StorageGeneration {
        let new = random.hex(bytes: 4)
        let number = try await database.write { tx throws(ChatError) in
            if let kept = try StorageProperty.generation.value(in: tx) { return kept }
            try StorageProperty.generation.set(new, in: tx)
            return new
        }
        return StorageGeneration(number, of: database)
    }

    /// Gives the storage another generation: what it holds is an older state, or may be one.
    ///
    /// No process may be at work on it, for each remembers the generation that it found.
    package static func renew(in database: any Database, random: any RandomSource) async throws(ChatError) {
        let new = random.hex(bytes: 4)
        try await database.write { tx throws(ChatError) in try StorageProperty.generation.set(new, in: tx) }
    }

    /// Uses the storage, by which it is found out if it is of another lineage by now.
    package static func look(at database: any Database) async throws(ChatError) {
        _ = try await database.read { tx throws(ChatError) in try StorageProperty.generation.value(in: tx) }
    }

    /// The epoch of a channel's incarnation in it, at the moment.
    package func epoch(of incarnation: Int64) -> ChannelEpoch {
        ChannelEpoch(generation: text, incarnation: incarnation)
    }

    /// The epoch of a channel's incarnation in the history which a transaction reads and writes.
    func epoch(of incarnation: Int64, in tx: any Transaction) -> ChannelEpoch {
        ChannelEpoch(generation: text(lineage: tx.lineage), incarnation: incarnation)
    }
}
