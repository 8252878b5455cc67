import Chat
import ChatProtocol
import Foundation
import RostrumTesting
import Synchronization
import Testing

/// The promise of the live protocol: in order, and nothing missing, whatever happens.
///
/// Posts, recalls, profiles, subscriptions, flags and channels made anew go on at the same time as devices lose their
/// connections, read slowly and come back, and nodes restart. A device that follows docs/subscriber-protocol.md must hold
/// in the end what the storage has for its user; and what the storage never has must come to whoever is there and reads.
///
/// What happens is drawn from the seed; in which order it meets is the machine's affair, so a seed that failed may have to
/// be run more than once.
@Suite(.serialized) struct OrderAndCompletenessTests {
    /// How many seeds each kind is run with, and which is the first: `ROSTRUM_LIVE_SEEDS`, `ROSTRUM_LIVE_FIRST_SEED`.
    static let seeds: Range<UInt64> = {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["ROSTRUM_LIVE_SEEDS"].flatMap(UInt64.init) ?? 3
        let first = environment["ROSTRUM_LIVE_FIRST_SEED"].flatMap(UInt64.init) ?? 1
        return first..<(first + count)
    }()

    @Test(
        "every session gets everything, in order and once",
        .timeLimit(.minutes(5)),
        arguments: World.Kind.all,
        seeds
    )
    func everything(kind: World.Kind, seed: UInt64) async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let world = try await World(kind, seed: seed, over: database)
            do {
                try await run(world, seed)
            } catch {
                Issue.record("seed \(seed): \(error)")
            }
            await world.stop()
            for device in world.devices {
                let (complaints, trace) = device.state.withLock { ($0.watch.complaints, $0.trace) }
                #expect(complaints.isEmpty, "seed \(seed), \(device.name): \(trace.lines.joined(separator: "\n"))")
            }
            #expect(world.paidDebts.withLock { $0 } > 0, "seed \(seed)")
        }
    }

    private func run(_ world: World, _ seed: UInt64) async throws {
        let actors = Actors(world: world)
        var random = SeededGenerator(seed: seed)
        try await prepare(world, &random)
        for device in world.devices { try await actors.connect(device, &random) }

        try await withThrowingTaskGroup { group in
            let seeds = (0..<20).map { _ in random.next() }
            group.addTask {
                var random = SeededGenerator(seed: seeds[0])
                try await actors.publish(60, &random)
            }
            group.addTask {
                var random = SeededGenerator(seed: seeds[1])
                try await actors.publish(60, &random)
            }
            group.addTask {
                var random = SeededGenerator(seed: seeds[2])
                try await actors.subscribe(40, &random)
            }
            for (number, device) in world.devices.enumerated() {
                group.addTask {
                    var random = SeededGenerator(seed: seeds[10 + number])
                    try await actors.use(device, 15, &random)
                }
            }
            group.addTask {
                var random = SeededGenerator(seed: seeds[3])
                try await Task.sleep(for: .milliseconds(Int.random(in: 100...600, using: &random)))
                try await world.restart(&random)
            }
            try await group.waitForAll()
        }

        try await settle(world, actors, &random)
        var differences: [String] = []
        do {
            try await waitUntil("the devices hold what the storage has", within: .seconds(30), every: .milliseconds(20))
            {
                // One that had said goodbye before it read again has no connection now.
                for device in world.devices where !device.isConnected { try await actors.connect(device, &random) }
                differences = try await world.differences()
                return differences.isEmpty
            }
        } catch is WaitedTooLong {
            let concerned = world.devices.filter { device in differences.contains { $0.hasPrefix(device.name) } }
            let traces = concerned.map { device in
                "\(device.name):\n" + device.state.withLock { $0.trace.lines.joined(separator: "\n") }
            }
            Issue.record("seed \(seed): \((differences + traces).joined(separator: "\n"))")
        }
    }

    private func prepare(_ world: World, _ random: inout SeededGenerator) async throws {
        try await world.withNode(&random) { node in
            let installation = node.installation
            _ = try await installation.applications.create(.example(), by: installation.operation())
            var change = ApplicationChange()
            change.ownLimits = [.broadcastsPerSecond: 0, .broadcastsPerHour: 0]
            change.webhooks.url = .some(WebhookURL(rawValue: "https://backend.example.net/hook"))
            change.webhooks.commands = [.beforeSend]
            _ = try await installation.applications.update(.example, change, by: installation.operation())
            try await installation.importAccounts("anna", "boris", "chen")
            for channel in World.channels { try await node.createChannel(channel) }
            for channel in World.channels.dropLast() { try await node.subscribe("anna", "boris", to: channel) }
        }
    }

    /// The bus works again, everybody is there and reads, some want posts again, and one more comes in each channel.
    private func settle(_ world: World, _ actors: Actors, _ random: inout SeededGenerator) async throws {
        world.cable.heal()
        for user in World.users where Bool.random(using: &random) {
            for channel in World.channels {
                _ = await refusal { try await actors.set(.acceptAndNotify, of: user, in: channel, &random) }
            }
        }
        for device in world.devices {
            device.disturb(isReading: true)?.resumeReading()
            try await waitUntil("\(device.name) has a connection") {
                if !device.isConnected { try await actors.connect(device, &random) }
                return device.isConnected
            }
        }
        for channel in World.channels {
            for _ in 0..<3 { try await actors.post(to: channel, &random) }
            try await actors.postOnlineOnly(to: channel, &random)
        }
    }
}
