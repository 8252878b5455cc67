package import ChatProtocol
package import Database

/// A random number that is the same on all nodes of an installation and on no other's.
///
/// Unlike the storage's generation it stays for good: nodes that were started before and after a failover still hear
/// each other. Whoever copies a storage to run it beside the first gives the copy another one.
package enum InstallationIdentity {
    /// The storage's, in lower-case hexadecimal digits; makes one when it has none.
    package static func find(
        in database: any Database,
        random: any RandomSource
    ) async throws(ChatError) -> String {
        let new = random.hex(bytes: 8)
        return try await database.write { tx throws(ChatError) in
            // Two nodes that start at the same time find the same one.
            try StorageProperty.installation.setIfMissing(new, in: tx)
            return try StorageProperty.installation.value(in: tx) ?? new
        }
    }
}
