package import ChatProtocol
package import Database
package import EventBus
import Synchronization

/// The applications of the installation: found fast, administered rarely.
///
/// What ``find(_:)`` answers may be up to 5 s old, so that a change made by another process or node is in force
/// everywhere 5 s later; a change made through this object, or told by the bus, is in force at once.
package final class Applications: Sendable {
    /// How old an answer may be, in milliseconds.
    package static let longestStaleness: Int64 = 5000

    private struct Cached {
        let application: Application
        let loadedAt: Timestamp
    }

    private struct Cache {
        var applications: [SDKAppID: Cached] = [:]
        /// How many changes were told; what was loaded before the last of them may be older than it.
        var changes = 0
    }

    let database: any Database
    let bus: any EventBus
    private let clock: any WallClock
    let table: ApplicationTable
    private let cache = Mutex(Cache())

    /// - Parameter overrides: limits above every plan and application, from `rostrum dev --limits`.
    package init(
        database: any Database,
        bus: any EventBus,
        clock: any WallClock,
        secrets: SecretBox,
        overrides: [Limits.Name: Int64] = [:]
    ) {
        (self.database, self.bus, self.clock) = (database, bus, clock)
        table = ApplicationTable(secrets: secrets, overrides: overrides)
        bus.listen { [weak self] event in
            guard case .applicationChanged(let id) = event else { return }
            self?.cache.withLock { cache in
                cache.applications[id] = nil
                cache.changes += 1
            }
        }
    }

    /// The application of that number, nil when there is none.
    package func find(_ id: SDKAppID) async throws(ChatError) -> Application? {
        let now = clock.now
        let (cached, changes) = cache.withLock { ($0.applications[id], $0.changes) }
        if let cached {
            let age = now.milliseconds(since: cached.loadedAt)
            if (0..<Self.longestStaleness).contains(age) { return cached.application }
        }
        let application = try await load(id)
        cache.withLock { cache in
            guard cache.changes == changes else { return }
            cache.applications[id] = application.map { Cached(application: $0, loadedAt: now) }
        }
        return application
    }

    /// The numbers of all applications, in order.
    package func ids() async throws(ChatError) -> [SDKAppID] {
        try await database.read { [table] tx throws(ChatError) in try table.allIDs(in: tx) }
    }

    /// The applications that somebody can sign for with this key; one that does not open is nobody's.
    package func owners(ofKey text: String) async throws(ChatError) -> [SDKAppID] {
        try await database.read { [table] tx throws(ChatError) in try table.owners(ofKey: text, in: tx) }
    }

    /// Whether there is any application; a storage of an older schema can be asked too.
    package static func areThere(in tx: any Transaction) throws(ChatError) -> Bool {
        try tx.row("SELECT 1 FROM applications LIMIT 1") != nil
    }

    /// How many channels and accounts an application has.
    package func usage(of id: SDKAppID) async throws(ChatError) -> Usage {
        try await database.read { tx throws(ChatError) in try Usage.current(of: id, in: tx) }
    }

    /// The newest entries of an application's audit, newest first; they outlive the application.
    ///
    /// - Parameter last: time and request of the last entry of the page before; nil for the first page.
    package func audit(
        of id: SDKAppID,
        newest limit: Int,
        before last: (Timestamp, String)? = nil
    ) async throws(ChatError) -> [AuditEntry] {
        try await database.read { tx throws(ChatError) in try Audit.newest(limit, before: last, of: id, in: tx) }
    }

    /// A number that no application has, like the hosted service's: ten digits that begin with 14.
    ///
    /// - Throws: 70402 when none was found.
    package func freeNumber(_ random: any RandomSource) async throws(ChatError) -> SDKAppID {
        for _ in 0..<100 {
            let drawn = random.bytes(4).reduce(Int64(0)) { $0 << 8 | Int64($1) }
            guard let id = SDKAppID(rawValue: 1_400_000_000 + drawn % 100_000_000) else { continue }
            if try await load(id) == nil { return id }
        }
        throw ChatError(.accountParameterInvalid, "No free number was found; choose one.")
    }

    /// What the call of that `RequestId` changed in an application; nothing when it changed nothing.
    package func audit(of id: SDKAppID, request: String) async throws(ChatError) -> [AuditEntry] {
        try await database.read { tx throws(ChatError) in try Audit.entries(of: request, of: id, in: tx) }
    }

    /// Makes an application and imports its admins.
    ///
    /// - Throws: 70402 when the number is taken, or the name or the key has a length that is not allowed.
    package func create(_ new: NewApplication, by operation: Operation) async throws(ChatError) -> Application {
        try ApplicationRules.demandName(new.name)
        try ApplicationRules.demandKey(new.key)
        return try await change(new.id, by: operation, action: "create") { [table] tx throws(ChatError) in
            guard try table.insert(new, at: operation.time, in: tx) else {
                throw ChatError(.accountParameterInvalid, "Application \(new.id) exists already.")
            }
            try table.addKey(new.key, to: new.id, at: operation.time, in: tx)
            for admin in new.admins { try table.makeAdmin(admin, of: new.id, at: operation.time, in: tx) }
            for account in new.accounts { try table.importAccount(account, of: new.id, at: operation.time, in: tx) }
            try InstallationAudit.record(operation.entry("create", of: new.id), in: tx)
        }
    }

    /// Makes an account an admin, importing it if need be; doing so twice changes nothing.
    ///
    /// - Throws: 70020 when there is no such application.
    package func addAdmin(
        _ admin: UserID,
        to id: SDKAppID,
        by operation: Operation
    ) async throws(ChatError) -> Application {
        try await change(id, by: operation, action: "add-admin \(admin)") { [table] tx throws(ChatError) in
            try table.demand(id, in: tx)
            try table.makeAdmin(admin, of: id, at: operation.time, in: tx)
        }
    }

    /// Makes an admin an ordinary account.
    ///
    /// - Throws: 70020 when there is no such application, 70107 when the account is no admin of it.
    package func removeAdmin(
        _ admin: UserID,
        from id: SDKAppID,
        by operation: Operation
    ) async throws(ChatError) -> Application {
        try await change(id, by: operation, action: "remove-admin \(admin)") { [table] tx throws(ChatError) in
            try table.demand(id, in: tx)
            guard try table.removeAdmin(admin, from: id, in: tx) else {
                throw ChatError(.accountNotImported, "\(admin) is no admin of application \(id).")
            }
        }
    }

    /// Adds a key beside the newest one, so that both are accepted while the callers change over.
    ///
    /// An application has at most two keys: a third drops the oldest.
    ///
    /// - Parameter judge: asked in the transaction what it thinks of the application as it is; what it throws is thrown.
    /// - Throws: 70020 when there is no such application, 70402 when it has the key already or the key has a length that
    ///   is not allowed.
    package func rotateKey(
        of id: SDKAppID,
        to key: String,
        by operation: Operation,
        _ judge: @escaping @Sendable (Application) throws(ChatError) -> Void = { _ in }
    ) async throws(ChatError) -> Application {
        try ApplicationRules.demandKey(key)
        return try await change(id, by: operation, action: "rotate-key") { [table] tx throws(ChatError) in
            let application = try table.demand(id, in: tx)
            try judge(application)
            guard !application.keys.contains(where: { $0.text == key }) else {
                throw ChatError(.accountParameterInvalid, "Application \(id) has this key already.")
            }
            try table.addKey(key, to: id, at: operation.time, in: tx)
        }
    }

    /// Puts a key in the place of all others, which are refused from then on.
    ///
    /// - Throws: 70020 when there is no such application, 70402 when the key has a length that is not allowed.
    package func replaceKeys(
        of id: SDKAppID,
        with key: String,
        by operation: Operation
    ) async throws(ChatError) -> Application {
        try ApplicationRules.demandKey(key)
        return try await change(id, by: operation, action: "replace-keys") { [table] tx throws(ChatError) in
            for old in try table.demand(id, in: tx).keys { try table.deleteKey(old, of: id, in: tx) }
            try table.addKey(key, to: id, at: operation.time, in: tx)
        }
    }

    /// Drops every key but the newest: the end of a rotation.
    ///
    /// - Parameter judge: as for ``rotateKey(of:to:by:_:)``.
    /// - Throws: 70020 when there is no such application.
    package func dropOldKeys(
        of id: SDKAppID,
        by operation: Operation,
        _ judge: @escaping @Sendable (Application) throws(ChatError) -> Void = { _ in }
    ) async throws(ChatError) -> Application {
        try await change(id, by: operation, action: "rotate-key --finish") { [table] tx throws(ChatError) in
            let application = try table.demand(id, in: tx)
            try judge(application)
            for key in application.keys.dropLast() { try table.deleteKey(key, of: id, in: tx) }
        }
    }

    /// The secret that webhooks are signed with, for somebody to read; that he did is in the audit.
    ///
    /// - Throws: 70020 when there is no such application.
    package func showWebhookSecret(of id: SDKAppID, by operation: Operation) async throws(ChatError) -> String {
        try await database.write(of: .application(id)) { [table] tx throws(ChatError) in
            let application = try table.demand(id, in: tx)
            try Audit.record(operation.entry("show-webhook-secret", of: id), of: id, in: tx)
            return application.webhooks.secret
        }
    }

    /// The application of that number as the storage has it now; nil when there is none.
    package func load(_ id: SDKAppID) async throws(ChatError) -> Application? {
        try await database.read { [table] tx throws(ChatError) in try table.find(id, in: tx) }
    }

    /// Changes an application, tells of it and takes it down, in one transaction.
    func change(
        _ id: SDKAppID,
        by operation: Operation,
        action: String,
        _ body: @escaping @Sendable (any Transaction) throws(ChatError) -> Void
    ) async throws(ChatError) -> Application {
        try await database.write(of: .application(id)) { [table, bus] tx throws(ChatError) in
            // Before what else is told: whoever acts upon that does not find the application in a cache.
            tx.onCommit { bus.publish(.applicationChanged(id)) }
            try body(tx)
            try Audit.record(operation.entry(action, of: id), of: id, in: tx)
            return try table.demand(id, in: tx)
        }
    }
}
