package import ChatProtocol
package import Database

/// Which life of the storage this is: a random number that whatever can bring back an older state replaces.
///
/// Source: design section 6.
package struct StorageGeneration: Sendable, Equatable {
    /// Lower-case hexadecimal digits.
    let text: String

    package init(_ text: String) {
        self.text = text
    }

    /// The storage's generation; makes one when it has none.
    package static func find(
        in database: any Database,
        random: any RandomSource
    ) async throws(ChatError) -> StorageGeneration {
        let new = random.hex(bytes: 4)
        return try await database.write { tx throws(ChatError) in
            if let kept = try StorageProperty.generation.value(in: tx) { return StorageGeneration(kept) }
            try StorageProperty.generation.set(new, in: tx)
            return StorageGeneration(new)
        }
    }

    /// The epoch of a channel's incarnation in it.
    package func epoch(of incarnation: Int64) -> ChannelEpoch {
        ChannelEpoch(generation: text, incarnation: incarnation)
    }
}
