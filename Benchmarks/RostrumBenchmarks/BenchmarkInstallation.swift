import ArgumentParser
import Chat
import ChatProtocol
import Server

/// The installation that every part of the benchmark works on: one application without limits of frequency.
enum BenchmarkInstallation {
    static let application: Int64 = 1_400_000_001
    static let key = String(repeating: "a", count: 64)

    /// Opens the data directory, making the application if it is not there, and closes it afterwards.
    static func with(_ path: String, _ body: (Systems, SDKAppID) async throws -> Void) async throws {
        let storage = try await OpenStorage.open(.directory(try DataDirectory(path, makeIfMissing: true)))
        let installation = Installation(storage, clock: SystemClock())
        do {
            guard let id = SDKAppID(rawValue: application) else { throw ValidationError("the number is wrong") }
            if try await installation.systems.applications.find(id) == nil { try await make(id, installation.systems) }
            try await body(installation.systems, id)
        } catch {
            await installation.close()
            throw error
        }
        await installation.close()
    }

    /// A call of the benchmark's admin.
    static func call(_ systems: Systems, _ id: SDKAppID) async throws -> Call {
        guard let application = try await systems.applications.find(id),
            let admin = UserID(rawValue: "administrator")
        else { throw ValidationError("the application is not there") }
        return Call(
            application: application,
            caller: admin,
            address: "127.0.0.1",
            requestID: systems.random.hex(bytes: 12),
            time: systems.clock.now
        )
    }

    /// Makes the application, without limits of frequency and of channels.
    static func make(_ id: SDKAppID, _ systems: Systems) async throws {
        let admins = ["administrator", "107867"].compactMap(UserID.init(rawValue:))
        _ = try await systems.applications.create(
            NewApplication(
                id: id,
                name: "benchmark",
                plan: .enterprise,
                key: key,
                admins: admins,
                webhookSecret: key
            ),
            by: Operation(performer: "benchmark", time: systems.clock.now, random: systems.random)
        )
        var change = ApplicationChange()
        for name in [Limits.Name.callsPerSecond, .channels, .broadcastsPerSecond, .broadcastsPerHour] {
            change.ownLimits[name] = .some(0)
        }
        change.ownLimits[.defaultMaxSubscribers] = .some(10_000_000)
        let operation = Operation(performer: "benchmark", time: systems.clock.now, random: systems.random)
        _ = try await systems.applications.update(id, change, by: operation)
    }
}
