package import ChatProtocol
package import Database

/// Seals every secret of an installation anew under another master key, while servers run.
///
/// First the storage is told the new key: from that transaction on whatever is sealed is sealed under it. Then the rest
/// is sealed anew, an application at a time in its own turn, in rounds until one finds nothing. It can be stopped
/// anywhere and gone on with by running it again, as long as both keys are kept; whoever reads needs both meanwhile.
///
/// Before that every secret is opened once: one that no key opens would make the change impossible to end.
package struct MasterKeyChange: Sendable {
    /// How many rows are looked at in one transaction.
    static let batch = 200

    /// A sealed secret, where it belongs, and what stores another text there.
    struct Sealed {
        let bytes: [UInt8]
        let place: String
        let update: ([UInt8]) -> SQL
    }

    /// What was done.
    package struct Result: Sendable, Equatable {
        /// How many secrets were sealed anew.
        package let count: Int
        /// Whether the storage was under the new key already.
        package let wasUnderNewest: Bool

        package init(count: Int, wasUnderNewest: Bool) {
            (self.count, self.wasUnderNewest) = (count, wasUnderNewest)
        }
    }

    let database: any Database
    let secrets: SecretBox
    private let key: MasterKey

    /// - Parameter keys: the new one and, unless everything is sealed under that already, the one before.
    package init(_ keys: MasterKeys, database: any Database) {
        (key, self.database) = (keys.newest, database)
        secrets = SecretBox(keys)
    }

    /// - Parameter operation: who does it, for the audit.
    /// - Throws: an internal fault when the storage is sealed under none of the keys, or one of its secrets is; nothing
    ///   is changed then.
    package func run(by operation: Operation) async throws(ChatError) -> Result {
        try await examine()
        let isUsed = try await database.write(of: .installation) { tx throws(ChatError) in
            let isUsed = try secrets.use(key, in: tx)
            if isUsed { try record("every secret", by: operation, in: tx) }
            return isUsed
        }
        var all = 0
        while true {
            var found = 0
            for id in try await applications() {
                let count = try await database.write(of: .application(id)) { tx throws(ChatError) in
                    try renew(id, in: tx)
                }
                found += count
            }
            for name in try await operators() {
                let count = try await database.write(of: .installation) { tx throws(ChatError) in
                    try renew(name, in: tx)
                }
                found += count
            }
            all += found
            guard found > 0 else { break }
        }
        if !isUsed, all > 0 {
            let sealed = "the last \(all) secrets"
            try await database.write(of: .installation) { tx throws(ChatError) in
                try record(sealed, by: operation, in: tx)
            }
        }
        return Result(count: all, wasUnderNewest: !isUsed)
    }

    private func record(_ what: String, by operation: Operation, in tx: any Transaction) throws(ChatError) {
        let entry = AuditEntry(
            time: operation.time,
            requestID: operation.id,
            caller: operation.performer,
            address: operation.address,
            action: "master-key rotate",
            target: what
        )
        try InstallationAudit.record(entry, in: tx)
    }

    func applications(after last: Int64) async throws(ChatError) -> [SDKAppID] {
        try await database.read { tx throws(ChatError) in
            try tx.rows(
                "SELECT app FROM applications WHERE app > \(last) ORDER BY app LIMIT \(Self.batch)"
            ).map { row throws(ChatError) in try row.application(0) }
        }
    }

    /// The applications that have a secret under another key.
    private func applications() async throws(ChatError) -> [SDKAppID] {
        var found: [SDKAppID] = []
        var last: Int64 = 0
        while true {
            let ids = try await applications(after: last)
            guard let newLast = ids.last else { return found }
            last = newLast.rawValue
            found += try await database.read { tx throws(ChatError) in
                var behind: [SDKAppID] = []
                for id in ids where try isBehind(id, in: tx) {
                    behind.append(id)
                }
                return behind
            }
        }
    }

    private func operators() async throws(ChatError) -> [OperatorName] {
        try await database.read { tx throws(ChatError) in
            var behind: [OperatorName] = []
            for found in try OperatorTable.all(in: tx) {
                let sealed = try OperatorTable.credentials(of: found.name, in: tx)?.secondFactor
                let place = SecretPlace.secondFactor(found.name)
                if let sealed, try secrets.renew(sealed, for: place, under: key) != nil { behind.append(found.name) }
            }
            return behind
        }
    }

    func sealed(of id: SDKAppID, in tx: any Transaction) throws(ChatError) -> [Sealed] {
        var found: [Sealed] = []
        let row = try tx.row("SELECT webhook_token_sealed, webhook_secret_sealed FROM applications WHERE app = \(id)")
        if let row {
            found.append(
                Sealed(bytes: try row.blob(0), place: SecretPlace.webhookToken(id)) {
                    "UPDATE applications SET webhook_token_sealed = \($0) WHERE app = \(id)"
                }
            )
            found.append(
                Sealed(bytes: try row.blob(1), place: SecretPlace.webhookSecret(id)) {
                    "UPDATE applications SET webhook_secret_sealed = \($0) WHERE app = \(id)"
                }
            )
        }
        for row in try tx.rows("SELECT key_sealed, created_at FROM application_keys WHERE app = \(id)") {
            let createdAt = try row.timestamp(1)
            found.append(
                Sealed(bytes: try row.blob(0), place: SecretPlace.applicationKey(id)) {
                    "UPDATE application_keys SET key_sealed = \($0) WHERE app = \(id) AND created_at = \(createdAt)"
                }
            )
        }
        return found
    }

    /// Whether the application has a secret under another key.
    private func isBehind(_ id: SDKAppID, in tx: any Transaction) throws(ChatError) -> Bool {
        for secret in try sealed(of: id, in: tx)
        where try secrets.renew(secret.bytes, for: secret.place, under: key) != nil {
            return true
        }
        return false
    }

    private func renew(_ id: SDKAppID, in tx: any Transaction) throws(ChatError) -> Int {
        var count = 0
        for secret in try sealed(of: id, in: tx) {
            guard let renewed = try secrets.renew(secret.bytes, for: secret.place, under: key) else { continue }
            count += try tx.execute(secret.update(renewed))
        }
        return count
    }

    private func renew(_ name: OperatorName, in tx: any Transaction) throws(ChatError) -> Int {
        let sealed = try OperatorTable.credentials(of: name, in: tx)?.secondFactor
        guard let sealed, let renewed = try secrets.renew(sealed, for: SecretPlace.secondFactor(name), under: key)
        else { return 0 }
        return try tx.execute("UPDATE operators SET second_factor_sealed = \(renewed) WHERE name = \(name)")
    }
}
