package import ChatProtocol
import Crypto
package import Database
import FoundationEssentials

/// A name that the caller gave to one change, so that asking again does nothing again.
///
/// For 24 h the same key with the same request gives the first result; another request under it is refused with
/// 60002. Only successes are kept: a refused call changed nothing and may be tried again. The key belongs to the
/// application.
///
/// Source: design section 3.
package struct IdempotencyKey: Sendable, Equatable {
    /// The longest, in bytes.
    package static let longest = 255
    /// How long a result is kept, in seconds.
    package static let lifetime: Int64 = 86_400

    package let name: String
    /// SHA-256 over the command and the body as received.
    package let digest: [UInt8]

    /// Nil unless the name is 1 to 255 visible ASCII characters.
    package init?(name: String, digest: [UInt8]) {
        guard (1...Self.longest).contains(name.utf8.count), name.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        (self.name, self.digest) = (name, digest)
    }

    /// The key of a form: sent again as it was it is the same request, and with anything else in it another one.
    ///
    /// - Parameters:
    ///   - once: what was drawn when the form was made.
    ///   - content: where the form was sent, and what stood in it.
    package init?(form once: String, content: [UInt8]) {
        guard !once.isEmpty else { return nil }
        let digest = Array(SHA256.hash(data: content))
        self.init(name: "form.\(once).\(hexadecimal(digest))", digest: digest)
    }
}

/// The result of an operation that has nothing to tell.
package struct Done: Codable, Sendable, Equatable {
    package init() {}
}

extension Database {
    /// Runs a change once for each idempotency key, in one durable transaction; without a key, simply runs it.
    ///
    /// - Parameter change: the change; its result is kept beside it when the call carries a key.
    package func write<Result: Codable & Sendable>(
        for call: Call,
        _ change: @escaping @Sendable (any Transaction) throws(ChatError) -> Result
    ) async throws(ChatError) -> Result {
        try await write(of: .application(call.application.id)) { tx throws(ChatError) in
            guard let key = call.idempotency else { return try change(tx) }
            if let earlier: Result = try key.earlierResult(for: call, in: tx) { return earlier }
            let result = try change(tx)
            try key.keep(result, for: call, in: tx)
            return result
        }
    }

    /// Forgets keys older than their lifetime, at most `batch` of them.
    ///
    /// - Returns: how many were forgotten.
    package func forgetIdempotencyKeys(at now: Timestamp, batch: Int) async throws(ChatError) -> Int {
        let oldest = now.advanced(bySeconds: -IdempotencyKey.lifetime)
        // The age is looked at twice: a key that is used again at this moment is another by the time it would go. With
        // `+ 0` SQLite goes by the age, and not through every key of each application.
        return try await write(of: .unordered) { tx throws(ChatError) in
            try tx.execute(
                """
                DELETE FROM idempotency_keys WHERE created_at < \(oldest) AND (app + 0, idempotency_key) IN (
                    SELECT app, idempotency_key FROM idempotency_keys WHERE created_at < \(oldest)
                    ORDER BY created_at LIMIT \(batch)
                )
                """
            )
        }
    }
}

extension Call {
    /// Whether the call repeats one that succeeded, so that the change will do nothing but say so again.
    ///
    /// - Throws: 60002 when its key was used for another request.
    func isAnswered(in tx: any Transaction) throws(ChatError) -> Bool {
        try idempotency?.storedResult(for: self, in: tx) != nil
    }
}

extension IdempotencyKey {
    fileprivate func earlierResult<Result: Codable>(
        for call: Call,
        in tx: any Transaction
    ) throws(ChatError) -> Result? {
        guard let stored = try storedResult(for: call, in: tx) else { return nil }
        do {
            return try JSONDecoder().decode(Result.self, from: Data(stored))
        } catch {
            throw .internalFault(error)
        }
    }

    fileprivate func storedResult(for call: Call, in tx: any Transaction) throws(ChatError) -> [UInt8]? {
        let oldest = call.time.advanced(bySeconds: -Self.lifetime)
        let row = try tx.row(
            """
            SELECT digest, result FROM idempotency_keys
            WHERE app = \(call.application.id) AND idempotency_key = \(name) AND created_at >= \(oldest)
            """
        )
        guard let row else { return nil }
        guard try row.blob(0) == digest else {
            throw ChatError(
                .httpParsingFailed,
                "This Idempotency-Key was used for another request in the last 24 h; use a new key for each request."
            )
        }
        return try row.blob(1)
    }

    fileprivate func keep(_ result: some Encodable, for call: Call, in tx: any Transaction) throws(ChatError) {
        let encoded: [UInt8]
        do {
            encoded = [UInt8](try JSONEncoder().encode(result))
        } catch {
            throw .internalFault(error)
        }
        try tx.execute(
            """
            INSERT INTO idempotency_keys (app, idempotency_key, digest, result, created_at)
            VALUES (\(call.application.id), \(name), \(digest), \(encoded), \(call.time))
            ON CONFLICT (app, idempotency_key) DO UPDATE
            SET digest = excluded.digest, result = excluded.result, created_at = excluded.created_at
            """
        )
    }
}
