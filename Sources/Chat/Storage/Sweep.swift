package import ChatProtocol
package import Database

/// What is swept up in the background, in small batches so that no caller waits long.
package struct Sweep: Sendable {
    /// Rows that go in one transaction.
    package static let batch = 500

    private let database: any Database
    private let applications: Applications
    private let accounts: Accounts
    private let operators: Operators
    private let clock: any WallClock

    package init(
        database: any Database,
        applications: Applications,
        accounts: Accounts,
        operators: Operators,
        clock: any WallClock
    ) {
        (self.database, self.applications, self.accounts) = (database, applications, accounts)
        (self.operators, self.clock) = (operators, clock)
    }

    /// Sweeps until nothing is left: idempotency keys that are too old, the content of broadcasts that are, entries of
    /// the delivery log, of the operators' audit and dead letters that are, what destroyed channels and deleted accounts left.
    ///
    /// Ends between two batches when its task is cancelled. An application whose rows cannot be swept keeps no other
    /// from being swept, and its secrets are not asked for.
    ///
    /// - Throws: the first fault that was met, at the end.
    package func run() async throws(ChatError) {
        var fault: ChatError?
        func attempt(_ body: () async throws(ChatError) -> Void) async {
            do throws(ChatError) { try await body() } catch { fault = fault ?? error }
        }
        await attempt { () async throws(ChatError) in
            try await repeatedly { () async throws(ChatError) in
                try await database.forgetIdempotencyKeys(at: clock.now, batch: Self.batch) == Self.batch
            }
        }
        await attempt { () async throws(ChatError) in
            try await repeatedly { () async throws(ChatError) in
                try await operators.forgetAudit(batch: Self.batch) == Self.batch
            }
        }
        await attempt { () async throws(ChatError) in
            let unfinished = try await database.read { tx throws(ChatError) in
                try DestroyedChannels.applications(in: tx)
            }
            for application in unfinished {
                try await inBatches(of: application) { tx throws(ChatError) in
                    try DestroyedChannels.sweepSome(of: application, batch: Self.batch, in: tx) > 0
                }
            }
        }
        await attempt { () async throws(ChatError) in
            let unfinished = try await database.read { tx throws(ChatError) in
                try DeletedSubscribers.applications(in: tx)
            }
            for application in unfinished {
                try await repeatedly { () async throws(ChatError) in
                    try await accounts.unsubscribeDeleted(of: application, batch: Self.batch) > 0
                }
            }
        }
        await attempt { () async throws(ChatError) in
            var last: SDKAppID?
            repeat {
                let page = try await applications.page(after: last, limit: Self.batch)
                for application in page {
                    await attempt { () async throws(ChatError) in try await sweep(application) }
                }
                last = page.last?.id
            } while last != nil
        }
        if let fault { throw fault }
    }

    private func sweep(_ application: ApplicationSummary) async throws(ChatError) {
        let (id, now) = (application.id, clock.now)
        if let moment = application.limits.expiryMoment(at: now) {
            try await inBatches(of: id) { tx throws(ChatError) in
                try BroadcastTable.expire(of: id, sentUpTo: moment, batch: Self.batch, in: tx) == Self.batch
            }
        }
        try await inBatches(of: id) { tx throws(ChatError) in
            try DeliveryLog.sweep(of: id, at: now, batch: Self.batch, in: tx) == Self.batch
        }
        try await inBatches(of: id) { tx throws(ChatError) in
            try DeadLetters.sweep(of: id, at: now, batch: Self.batch, in: tx) == Self.batch
        }
    }

    /// - Parameter step: one transaction; whether there is more.
    private func inBatches(
        of application: SDKAppID,
        _ step: @escaping @Sendable (any Transaction) throws(ChatError) -> Bool
    ) async throws(ChatError) {
        try await repeatedly { () async throws(ChatError) in
            try await database.write(of: .application(application), step)
        }
    }

    private func repeatedly(_ step: () async throws(ChatError) -> Bool) async throws(ChatError) {
        while !Task.isCancelled, try await step() {}
    }
}
