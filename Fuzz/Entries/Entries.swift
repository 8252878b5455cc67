/// Hands `body` the entries of the rooms below the server, over a storage that goes with it.
package func withEntries<Value>(_ body: ([Entry]) async throws -> Value) async throws -> Value {
    try await World.with { world in
        try await body([
            .userSig, .userSigDocument, .query, .json, .command(in: world), .cursor, .messageKey, .frames,
            .jsonRPC(in: world), .webhookReply, .webhookURL, .address, .archive, .archiveImport(in: world), .busFrame,
            .trace,
        ])
    }
}
