import AdminAPI
import Chat
import ChatProtocol
import Database
import Gateway
import Logging
import Metrics
import RostrumTesting
import WebSockets

/// An installation that is always the same: an application, a few accounts, a channel with subscribers and two posts.
struct World: Sendable {
    let installation: TestInstallation
    /// Over a database that forgets what is written.
    let catalogue: Catalogue
    let gateway: Gateway
    /// Of an app admin's, and a subscriber's.
    let adminsCall: Call
    let subscribersCall: Call

    static func with<Value>(_ body: (World) async throws -> Value) async throws -> Value {
        try await StorageEngine.sqlite.withInstallation(overrides: unlimited) { installation in
            try await settle(installation)
            return try await body(World(over: installation))
        }
    }

    private static let unlimited: [Limits.Name: Int64] = [
        .callsPerSecond: 0, .broadcastsPerSecond: 0, .broadcastsPerHour: 0,
    ]

    private static func settle(_ installation: TestInstallation) async throws {
        try await installation.importAccounts("107867", "anna", "bert")
        _ = try await installation.channels.create(
            NewChannel(id: .harbour, owner: "107867", profile: .example(), maxSubscribers: nil),
            for: installation.call()
        )
        _ = try await installation.subscribers.add(["anna", "bert"], to: .harbour, for: installation.call())
        for text in ["Ferry 7 is delayed", "Ferry 7 is here"] {
            _ = try await installation.broadcasts.send(
                try NewBroadcast(.harbour, text),
                for: installation.call()
            )
        }
    }

    private init(over installation: TestInstallation) async throws {
        let forgetful = TestInstallation(
            database: ForgetfulDatabase(database: installation.database),
            clock: installation.clock,
            overrides: Self.unlimited
        )
        self.installation = installation
        catalogue = Catalogue(forgetful.systems)
        gateway = Gateway(
            forgetful.systems,
            sessions: SessionRegistry(),
            admission: Admission(
                applications: forgetful.applications,
                authentication: forgetful.authentication
            ),
            address: { $0.peer },
            metrics: NOOPMetricsHandler.instance,
            logger: Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
        )
        adminsCall = try await forgetful.call()
        subscribersCall = try await forgetful.call(as: UserID("anna"), on: .web)
    }
}

extension ChannelID {
    /// The one of the documentation's sample requests.
    static let harbour = ChannelID("@TOA#_harbour_news")
}
