package import Chat
package import ChatProtocol

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
    let admins: [UserID]
    let sampleOwner: UserID
    let applications: Applications
    let accounts: Accounts
    let random: any RandomSource
    let clock: any WallClock

    package init(applications: Applications, accounts: Accounts, random: any RandomSource, clock: any WallClock) {
        guard let application = SDKAppID(rawValue: Self.applicationNumber),
            let sampleOwner = UserID(rawValue: Self.sampleOwnerName)
        else { preconditionFailure("the ready application's own names follow the rules") }
        (self.application, self.sampleOwner) = (application, sampleOwner)
        admins = Self.adminNames.compactMap(UserID.init(rawValue:))
        (self.applications, self.accounts, self.random, self.clock) = (applications, accounts, random, clock)
    }

    /// Makes sure that the ready application is there and takes the key.
    ///
    /// What an earlier run left in the data directory stays.
    package func prepare(key: String) async throws(ChatError) {
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

    /// Empties the application: no channel and no account but what a first start has.
    package func reset() async throws(ChatError) {
        try await applications.empty(
            application,
            importing: [sampleOwner],
            by: Operation(performer: "emulator", time: clock.now, random: random)
        )
    }
}
