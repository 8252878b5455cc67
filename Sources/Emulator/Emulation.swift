package import Chat
package import ChatProtocol
package import Database

/// What `rostrum dev` has ready: the documentation's sample application, its admins and its sample owner.
///
/// Source: design sections 1 and 9.
package struct Emulation: Sendable {
    /// The key of the ready application; it is published, so it protects nothing.
    package static let publishedKey = "5c1f0b9e7d3a48629e0d4b7c6a5f8e1d2c3b4a59687f6e5d4c3b2a1908f7e6d5"
    /// The number of the ready application, the documentation's own sample.
    package static let applicationNumber: Int64 = 88_888_888
    package static let adminNames = ["administrator", "admin"]
    /// The owner in the documentation's sample request.
    package static let sampleOwnerName = "107867"

    package let application: SDKAppID
    let database: any Database
    let admins: [UserID]
    let sampleOwner: UserID
    let applications: Applications
    let accounts: Accounts
    let random: any RandomSource
    let clock: any WallClock

    package init(
        database: any Database,
        applications: Applications,
        accounts: Accounts,
        random: any RandomSource,
        clock: any WallClock
    ) {
        guard let application = SDKAppID(rawValue: Self.applicationNumber),
            let sampleOwner = UserID(rawValue: Self.sampleOwnerName)
        else { preconditionFailure("the ready application's own names follow the rules") }
        (self.application, self.sampleOwner) = (application, sampleOwner)
        admins = Self.adminNames.compactMap(UserID.init(rawValue:))
        (self.database, self.applications, self.accounts) = (database, applications, accounts)
        (self.random, self.clock) = (random, clock)
    }

    /// Whether a storage holds applications that are not the emulator's to change: it did not begin the storage.
    ///
    /// Changes nothing, and may be asked of a storage of an older schema or of none.
    package static func isServed(_ database: any Database) async throws(ChatError) -> Bool {
        guard let step = try await database.newestMigration(), step > 0 else { return false }
        return try await database.read { tx throws(ChatError) in try isServed(tx) }
    }

    private static func isServed(_ tx: any Transaction) throws(ChatError) -> Bool {
        guard try StorageProperty.emulator.value(in: tx) == nil else { return false }
        return try Applications.areThere(in: tx)
    }

    /// Makes sure that the ready application is there and takes the key.
    ///
    /// What an earlier run left in the data directory stays.
    ///
    /// - Throws: 70402 when the storage is served, or the key breaks the rule of keys.
    package func prepare(key: String) async throws(ChatError) {
        try await claimStorage()
        let operation = Operation(performer: "emulator", time: clock.now, random: random)
        guard let existing = try await applications.find(application) else {
            let new = NewApplication(
                id: application,
                name: "Rostrum emulator",
                plan: .enterprise,
                key: key,
                admins: admins,
                accounts: [sampleOwner],
                webhookSecret: NewApplication.makeKey(random)
            )
            _ = try await applications.create(new, by: operation)
            return
        }
        if existing.keys.map(\.text) != [key] {
            _ = try await applications.replaceKeys(of: application, with: key, by: operation)
        }
    }

    /// Makes the storage the emulator's, before anything in it is.
    private func claimStorage() async throws(ChatError) {
        let number = "\(application)"
        try await database.write { tx throws(ChatError) in
            // Looked at once more: the command line works beside a server that starts.
            guard try !Self.isServed(tx) else {
                throw ChatError(
                    .accountParameterInvalid,
                    "The storage got an application before it was the emulator's; start the emulator on another one."
                )
            }
            try StorageProperty.emulator.set(number, in: tx)
        }
    }

    /// Empties the application: no channel and no account but what a first start has.
    package func reset() async throws(ChatError) {
        try await applications.empty(
            application,
            importing: [sampleOwner],
            by: Operation(performer: "emulator", time: clock.now, random: random)
        )
    }
}
