import ArgumentParser
import Chat
import ChatProtocol
import Database
import DatabasePostgres
import EventBus
import Synchronization

/// Creates channels on PostgreSQL from many tasks at once; prints how many a second, and how many in a commit.
///
/// The rules and the storage, without HTTP: pgbench, which they are compared with, knows no HTTP either.
struct PostgresCreates: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "postgres-creates")

    @Option(help: "The URL of a database; its tables are made.")
    var database: String
    @Option(help: "Creates that are under way at the same time.")
    var callers = 256
    @Option(help: "Applications that they are shared out among.")
    var applications = 1
    @Option(help: "With 0 only what is needed is made.")
    var seconds: Double

    func run() async throws {
        let tally = Tally()
        var configuration = PostgresDatabase.Configuration()
        configuration.onCommit = { operations, _ in tally.count(operations) }
        let engine = try PostgresDatabase(ConnectionString(database), configuration: configuration)
        try await engine.migrate(Schema.migrations)
        let systems = try await Self.systems(over: engine)
        var callers: [Call] = []
        for number in 0..<self.callers {
            callers.append(try await call(number, systems))
        }
        tally.reset()
        let began = ContinuousClock.now
        let end = began + .seconds(seconds)
        let created = try await withThrowingTaskGroup(of: Int.self) { group in
            for caller in callers {
                group.addTask {
                    var created = 0
                    while ContinuousClock.now < end {
                        _ = try await systems.channels.create(Self.channel, for: Self.again(caller, systems))
                        created += 1
                    }
                    return created
                }
            }
            return try await group.reduce(0, +)
        }
        let elapsed = (ContinuousClock.now - began) / .seconds(1)
        await engine.close()
        print(Double(created) / elapsed, tally.operationsInACommit)
    }

    private static func systems(over database: PostgresDatabase) async throws -> Systems {
        let random = SystemRandomSource()
        return Systems(
            database: database,
            bus: InProcessEventBus(),
            clock: SystemClock(),
            random: random,
            secrets: SecretBox(try MasterKey(hexadecimal: BenchmarkInstallation.key, from: "the benchmark")),
            generation: try await StorageGeneration.find(in: database, random: random),
            sender: NoBackend()
        )
    }

    /// A call to the application that is this caller's; the application is made when it is not there.
    private func call(_ number: Int, _ systems: Systems) async throws -> Call {
        let application = BenchmarkInstallation.application + Int64(number % max(1, applications))
        guard let id = SDKAppID(rawValue: application) else { throw ValidationError("the number is wrong") }
        if try await systems.applications.find(id) == nil { try await BenchmarkInstallation.make(id, systems) }
        return try await BenchmarkInstallation.call(systems, id)
    }

    /// The same call at this moment, under a request ID of its own.
    private static func again(_ call: Call, _ systems: Systems) -> Call {
        Call(
            application: call.application,
            caller: call.caller,
            address: call.address,
            requestID: systems.random.hex(bytes: 12),
            time: systems.clock.now
        )
    }

    private static let channel = NewChannel(
        id: nil,
        owner: "107867",
        profile: ChannelProfile(
            name: "Harbour News",
            introduction: "Tides and ferries",
            faceURL: "https://img.example.net/h.png",
            organization: "Port of Example",
            customString: #"{"lang":"en"}"#
        )
    )
}

/// The applications here have no webhooks.
private struct NoBackend: WebhookSender {
    func post(_ request: WebhookRequest) async -> WebhookOutcome { .failed("there is no backend") }
}

/// Commits, and what they carried.
private final class Tally: Sendable {
    private let sums = Mutex((commits: 0, operations: 0))

    func count(_ operations: Int) {
        sums.withLock { $0 = ($0.commits + 1, $0.operations + operations) }
    }

    func reset() {
        sums.withLock { $0 = (0, 0) }
    }

    var operationsInACommit: Double {
        sums.withLock { Double($0.operations) / Double(max($0.commits, 1)) }
    }
}
