package import Chat
package import Database
package import EventBus

/// The systems of the domain over an installation's storage: what the server and the command line share.
package struct Installation: Sendable {
    package let database: any Database
    package let bus: any EventBus
    package let clock: any WallClock
    package let random: any RandomSource
    package let applications: Applications
    package let accounts: Accounts
    package let channels: OfficialChannels

    /// - Parameter overrides: limits above every plan.
    package init(_ storage: OpenStorage, clock: any WallClock, overrides: [Limits.Name: Int64] = [:]) {
        (database, self.clock, random) = (storage.database, clock, storage.random)
        bus = InProcessEventBus()
        applications = Applications(
            database: database,
            bus: bus,
            clock: clock,
            secrets: storage.secrets,
            overrides: overrides
        )
        accounts = Accounts(database: database, bus: bus)
        channels = OfficialChannels(database: database, random: random)
    }

    package func close() async {
        await database.close()
    }
}
