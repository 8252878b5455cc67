package import ChatProtocol
import Database
import EventBus

extension Applications {
    /// - Throws: 70020 when there is no such application, 70402 when something is not allowed.
    package func update(
        _ id: SDKAppID,
        _ change: ApplicationChange,
        by operation: Operation
    ) async throws(ChatError) -> Application {
        try ApplicationRules.demandAllowed(change)
        return try await self.change(id, by: operation, action: change.audited) { [table] tx throws(ChatError) in
            try table.lock(id, in: tx)
            try table.update(id, change, in: tx)
        }
    }

    /// Changes what `change` makes of the application as it is; nobody else changes it meanwhile.
    ///
    /// An empty change does nothing.
    ///
    /// - Parameter change: what it throws leaves the application as it is.
    /// - Throws: as ``update(_:_:by:)``, and what `change` throws.
    package func update(
        _ id: SDKAppID,
        by operation: Operation,
        _ change: @escaping @Sendable (Application) throws(ChatError) -> ApplicationChange
    ) async throws(ChatError) {
        try await database.write(of: .application(id)) { [table, bus] tx throws(ChatError) in
            let change = try change(try table.lock(id, in: tx))
            guard !change.isEmpty else { return }
            try ApplicationRules.demandAllowed(change)
            try table.update(id, change, in: tx)
            try Audit.record(operation.entry(change.audited, of: id), of: id, in: tx)
            tx.onCommit { bus.publish(.applicationChanged(id)) }
        }
    }
}

extension ApplicationChange {
    /// The audit's words for it.
    fileprivate var audited: String { (["set"] + parts).joined(separator: " ") }
}
