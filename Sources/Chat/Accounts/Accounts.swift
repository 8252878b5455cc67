package import ChatProtocol
package import Database
package import EventBus

/// The accounts of applications: imported, checked, deleted, kicked.
///
/// Source: spec/accounts.md.
package struct Accounts: Sendable {
    let database: any Database
    private let bus: any EventBus

    package init(database: any Database, bus: any EventBus) {
        (self.database, self.bus) = (database, bus)
    }

    /// Why one of several accounts was not imported.
    package struct Refusal: Codable, Sendable, Equatable {
        package let id: String
        package let code: Int
        package let info: String
    }

    /// Imports accounts, or gives existing ones the names and pictures that are given.
    ///
    /// One transaction: a crash imports all of them or none. Importing an existing account again is free.
    ///
    /// - Returns: those that were refused, in the order given, each with 70398 (no room in the plan) or 70399
    ///   (deleted too recently).
    package func importAll(_ accounts: [NewAccount], for call: Call) async throws(ChatError) -> [Refusal] {
        try await finishDeletions(of: call.application.id)
        return try await database.write(for: call) { tx throws(ChatError) in
            var refusals: [Refusal] = []
            for account in accounts {
                guard let error = try importOne(account, for: call, in: tx) else { continue }
                refusals.append(Refusal(id: account.id.rawValue, code: error.code.rawValue, info: error.info))
            }
            if refusals.count < accounts.count {
                let refused = Set(refusals.map(\.id))
                let imported = accounts.map(\.id.rawValue).filter { !refused.contains($0) }
                let target = imported.joined(separator: ",")
                try Audit.record("multiaccount_import", of: target, by: call, in: tx)
            }
            return refusals
        }
    }

    /// Imports one account, or gives an existing one the name and picture that are given.
    ///
    /// - Throws: 70398 when the plan has no room, 70399 when the account was deleted too recently.
    package func `import`(_ account: NewAccount, for call: Call) async throws(ChatError) {
        try await finishDeletions(of: call.application.id)
        _ = try await database.write(for: call) { tx throws(ChatError) in
            if let error = try importOne(account, for: call, in: tx) { throw error }
            try Audit.record("account_import", of: account.id.rawValue, by: call, in: tx)
            return Done()
        }
    }

    /// Lets the caller, a user, in: a first login imports the account, a later one does nothing.
    ///
    /// - Throws: 70398 when the plan has no room, 70399 when the account was deleted too recently.
    package func admit(for call: Call) async throws(ChatError) {
        let (user, application) = (call.caller, call.application.id)
        let isImported = try await database.read { tx throws(ChatError) in
            try AccountTable.exists(user, of: application, in: tx)
        }
        guard !isImported else { return }
        try await finishDeletions(of: application)
        try await database.write(of: .application(application)) { tx throws(ChatError) in
            // Another device of his may have been faster.
            guard try !AccountTable.exists(user, of: application, in: tx) else { return }
            if let error = try importOne(NewAccount(id: user), for: call, in: tx) { throw error }
            try Audit.record("first login", of: user.rawValue, by: call, in: tx)
        }
    }

    /// Which of the accounts are imported.
    package func imported(among ids: [UserID], of application: Application) async throws(ChatError) -> Set<UserID> {
        try await database.read { tx throws(ChatError) in
            var found: Set<UserID> = []
            for id in ids where try AccountTable.exists(id, of: application.id, in: tx) { found.insert(id) }
            return found
        }
    }

    /// What became of one account that was to be deleted.
    package enum Deletion: String, Codable, Sendable {
        case deleted, notImported
        /// An app admin cannot be deleted before it is removed from the admins.
        case isAdmin

        /// How ``isAdmin`` is told.
        package static let isAdminRefusal = ChatError(
            .accountParameterInvalid,
            "The account is an app admin; remove it from the admins first."
        )
    }

    /// Deletes accounts with their subscriptions.
    ///
    /// Channels that they own stay. The accounts go in one transaction, and with them up to `batch` of their
    /// subscriptions; what is more of those goes before this returns, and by ``unsubscribeDeleted(of:batch:)`` should
    /// the process end meanwhile.
    ///
    /// - Parameter batch: how many subscriptions go in one transaction at most.
    /// - Returns: what became of each, in the order given.
    package func delete(
        _ ids: [UserID],
        for call: Call,
        batch: Int = Self.unsubscribingBatch
    ) async throws(ChatError) -> [Deletion] {
        let deletions: [Deletion] = try await database.write(for: call) { tx throws(ChatError) in
            var deletions: [Deletion] = []
            for id in ids { deletions.append(try deleteOne(id, for: call, in: tx)) }
            let deleted = zip(ids, deletions).filter { $1 == .deleted }.map(\.0)
            if !deleted.isEmpty {
                try DeletedSubscribers.unsubscribe(deleted, of: call.application.id, atMost: batch, in: tx)
                // Behind the channels, whose rows are locked first by who destroys one.
                try Usage.release(accounts: deleted.count, of: call.application.id, in: tx)
                let target = deleted.map(\.rawValue).joined(separator: ",")
                try Audit.record("account_delete", of: target, by: call, in: tx)
                let lineage = tx.lineage
                tx.onCommit { [bus] in
                    bus.publish(.accountsDeleted(call.application.id, deleted, lineage: lineage))
                }
            }
            return deletions
        }
        // Not called done before it is: who asks again under the same key goes on here, and so does the next sweep.
        try await finishDeletions(of: call.application.id, batch: batch)
        return deletions
    }

    /// Subscriptions that go in one transaction.
    package static let unsubscribingBatch = 500

    /// Removes subscriptions of accounts that were deleted, at most `batch` of them.
    ///
    /// - Returns: how many steps were made; 0 when nothing is left.
    package func unsubscribeDeleted(of application: SDKAppID, batch: Int) async throws(ChatError) -> Int {
        try await database.write(of: .application(application)) { tx throws(ChatError) in
            try DeletedSubscribers.unsubscribeSome(of: application, batch: batch, in: tx)
        }
    }

    /// Does what a deletion left to do that is long or was interrupted, in batches: a name that is imported again
    /// inherits nothing, and the import need not do all of it in its own transaction.
    private func finishDeletions(
        of application: SDKAppID,
        batch: Int = Self.unsubscribingBatch
    ) async throws(ChatError) {
        let isUnfinished = try await database.read { tx throws(ChatError) in
            try DeletedSubscribers.exist(of: application, in: tx)
        }
        guard isUnfinished else { return }
        while try await unsubscribeDeleted(of: application, batch: batch) > 0 {}
    }

    /// Makes void every UserSig that was issued for the account up to now.
    ///
    /// - Throws: 70107 when there is no such account.
    package func kick(_ id: UserID, for call: Call) async throws(ChatError) {
        _ = try await database.write(for: call) { tx throws(ChatError) in
            guard try AccountTable.voidSignatures(of: id, upTo: call.time, of: call.application.id, in: tx) else {
                throw .noAccount(id)
            }
            try Audit.record("kick", of: id.rawValue, by: call, in: tx)
            let lineage = tx.lineage
            tx.onCommit { [bus] in bus.publish(.accountKicked(call.application.id, id, lineage: lineage)) }
            return Done()
        }
    }

    /// The last second whose UserSigs for the account are void; nil when none are.
    package func signaturesVoidUntil(_ id: UserID, of application: SDKAppID) async throws(ChatError) -> Int64? {
        try await database.read { tx throws(ChatError) in
            try AccountTable.signaturesVoidUntil(id, of: application, in: tx)
        }
    }

    /// The account of that name; nil when there is none.
    package func find(_ id: UserID, of application: SDKAppID) async throws(ChatError) -> Account? {
        try await database.read { tx throws(ChatError) in try AccountTable.find(id, of: application, in: tx) }
    }

    /// Accounts in the order of their names; a page costs the same wherever it is.
    ///
    /// - Parameters:
    ///   - prefix: what the names begin with; empty for all.
    ///   - last: the last name of the page before; empty for the first page.
    package func page(
        of application: SDKAppID,
        beginning prefix: String = "",
        after last: String,
        limit: Int
    ) async throws(ChatError) -> [Account] {
        try await database.read { tx throws(ChatError) in
            try AccountTable.page(of: application, beginning: prefix, after: last, limit: limit, in: tx)
        }
    }

    private func deleteOne(_ id: UserID, for call: Call, in tx: any Transaction) throws(ChatError) -> Deletion {
        let application = call.application
        guard try !ApplicationTable.isAdmin(id, of: application.id, in: tx) else { return .isAdmin }
        guard try AccountTable.delete(id, of: application.id, in: tx) else { return .notImported }
        try AccountTable.rememberDeletion(of: id, of: application.id, at: call.time, in: tx)
        try DeletedSubscribers.add(id, of: application.id, at: call.time, in: tx)
        return .deleted
    }

    /// - Returns: why the account was refused, nil when it was imported or updated.
    private func importOne(
        _ account: NewAccount,
        for call: Call,
        in tx: any Transaction
    ) throws(ChatError) -> ChatError? {
        let application = call.application
        guard try AccountTable.insert(account, of: application.id, at: call.time, in: tx) else {
            try AccountTable.update(account, of: application.id, in: tx)
            return nil
        }
        let days = application.limits[.reimportDays]
        let barredSince = call.time.advanced(bySeconds: -days * 86_400)
        if days > 0, try AccountTable.wasDeleted(account.id, of: application.id, after: barredSince, in: tx) {
            _ = try AccountTable.delete(account.id, of: application.id, in: tx)
            return ChatError(
                .accountRecentlyDeleted,
                "\(account.id) was deleted less than \(days) days ago; use another UserID."
            )
        }
        let limit = application.limits[.accounts]
        guard try Usage.takeAccount(of: application.id, limit: limit, in: tx) else {
            _ = try AccountTable.delete(account.id, of: application.id, in: tx)
            return ChatError(
                .accountQuotaExceeded,
                "The application has all \(limit) accounts that its plan allows; delete some or change the plan."
            )
        }
        return nil
    }
}

extension ChatError {
    static func noAccount(_ id: UserID) -> ChatError {
        ChatError(.accountNotImported, "There is no account \(id); import it first.")
    }
}
