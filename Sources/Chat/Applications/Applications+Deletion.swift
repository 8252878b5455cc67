package import ChatProtocol
import Database
import EventBus

extension Applications {
    /// How many channels and accounts a deletion takes.
    ///
    /// No secret is opened for it either.
    ///
    /// - Throws: 70020 when there is no such application.
    package func deletable(_ id: SDKAppID) async throws(ChatError) -> Usage {
        try await database.read { tx throws(ChatError) in
            try ApplicationTable.demandExistence(of: id, in: tx)
            return try Usage.current(of: id, in: tx)
        }
    }

    /// Deletes an application and everything that belongs to it.
    ///
    /// The application is disabled first and its rows go in batches, so that other applications' writes are not held
    /// up; interrupted, it stays disabled and the deletion can be asked for again. The audit rows stay. Its secrets need
    /// not open: where their key is lost, deleting it is what is left.
    ///
    /// - Throws: 70020 when there is no such application.
    package func delete(_ id: SDKAppID, by operation: Operation) async throws(ChatError) {
        var disable = ApplicationChange()
        disable.isEnabled = false
        try await database.write(of: .application(id)) { [table, disable] tx throws(ChatError) in
            try ApplicationTable.demandExistence(of: id, in: tx)
            try table.update(id, disable, in: tx)
            try ImportRecord.remove(of: id, in: tx)
            let entry = operation.entry("delete begins", of: id)
            try Audit.record(entry, of: id, in: tx)
            // Its own audit has no page once it is gone.
            try InstallationAudit.record(entry, in: tx)
        }
        bus.publish(.applicationChanged(id))
        try await deleteContents(of: id)
        try await database.write(of: .application(id)) { tx throws(ChatError) in
            // A node that still had the application in its cache may have written since; once the counters are gone
            // nothing more can be.
            while try ApplicationTable.deleteSome(of: id, batch: 1000, in: tx) > 0 {}
            for statement in ApplicationTable.settings(of: id) { try tx.execute(statement) }
            let entry = operation.entry("delete", of: id, step: 1)
            try Audit.record(entry, of: id, in: tx)
            try InstallationAudit.record(entry, in: tx)
        }
        bus.publish(.applicationChanged(id))
    }

    /// Deletes an application's channels and accounts; its settings, keys and admins stay.
    ///
    /// - Parameter accounts: imported afterwards, as when the application was new.
    /// - Throws: 70020 when there is no such application.
    package func empty(
        _ id: SDKAppID,
        importing accounts: [UserID] = [],
        by operation: Operation
    ) async throws(ChatError) {
        try await deleteContents(of: id)
        _ = try await change(id, by: operation, action: "empty") { [table, bus] tx throws(ChatError) in
            let application = try table.demand(id, in: tx)
            try ImportRecord.remove(of: id, in: tx)
            while try ApplicationTable.deleteSome(of: id, batch: 1000, in: tx) > 0 {}
            for account in application.admins.union(accounts) {
                try table.importAccount(account, of: id, at: operation.time, in: tx)
            }
            let lineage = tx.lineage
            tx.onCommit { bus.publish(.applicationEmptied(id, lineage: lineage)) }
        }
    }

    private func deleteContents(of id: SDKAppID) async throws(ChatError) {
        while try await database.write(
            of: .application(id),
            { tx throws(ChatError) in
                try ApplicationTable.deleteSome(of: id, batch: 1000, in: tx)
            }
        ) > 0 {}
    }
}
