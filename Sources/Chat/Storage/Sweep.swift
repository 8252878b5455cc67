package import ChatProtocol
package import Database

/// What is swept up in the background, in small batches so that no caller waits long.
package struct Sweep: Sendable {
    /// Rows that go in one transaction.
    package static let batch = 500

    private let database: any Database
    private let applications: Applications
    private let accounts: Accounts
    private let clock: any WallClock

    package init(database: any Database, applications: Applications, accounts: Accounts, clock: any WallClock) {
        (self.database, self.applications, self.accounts, self.clock) = (database, applications, accounts, clock)
    }

    /// Sweeps until nothing is left: idempotency keys that are too old, the content of broadcasts that are, entries of
    /// the delivery log that are, what destroyed channels and deleted accounts left.
    package func run() async throws(ChatError) {
        while try await database.forgetIdempotencyKeys(at: clock.now, batch: Self.batch) == Self.batch {}
        while try await database.write({ tx throws(ChatError) in
            try DestroyedChannels.sweepSome(batch: Self.batch, in: tx)
        }) > 0 {}
        let unfinished = try await database.read { tx throws(ChatError) in try DeletedSubscribers.applications(in: tx) }
        for application in unfinished {
            while try await accounts.unsubscribeDeleted(of: application, batch: Self.batch) > 0 {}
        }
        for application in try await applications.all() {
            try await sweep(application)
        }
    }

    private func sweep(_ application: Application) async throws(ChatError) {
        let now = clock.now
        if let moment = application.expiryMoment(at: now) {
            while try await database.write({ tx throws(ChatError) in
                try BroadcastTable.expire(of: application.id, sentUpTo: moment, batch: Self.batch, in: tx)
            }) == Self.batch {}
        }
        while try await database.write({ tx throws(ChatError) in
            try DeliveryLog.sweep(of: application.id, at: now, batch: Self.batch, in: tx)
        }) == Self.batch {}
    }
}
