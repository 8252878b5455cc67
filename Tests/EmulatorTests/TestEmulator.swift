import AdminAPI
import Chat
import ChatProtocol
import Database
import Emulator
import RostrumTesting

/// The emulator's rooms over a database of their own, as `rostrum dev` wires them.
struct TestEmulator {
    let installation: TestInstallation
    let clock: EmulatorClock
    let faults: Faults
    let log: RequestLog
    let emulation: Emulation
    let doors: EmulatorDoors
    let api: TestAPI

    init(_ database: any Database, base: ManualClock = ManualClock()) async throws {
        installation = TestInstallation(database: database, clock: base, overrides: [.callsPerSecond: 0])
        clock = try await EmulatorClock(base: base, database: database)
        faults = Faults()
        log = RequestLog(clock: clock, faults: faults)
        emulation = Emulation(
            database: database,
            applications: installation.applications,
            accounts: installation.accounts,
            random: installation.random,
            clock: clock
        )
        api = TestAPI(installation, observer: log)
        doors = EmulatorDoors(
            emulation: emulation,
            clock: clock,
            faults: faults,
            log: log,
            channels: installation.channels,
            commandNames: api.catalogue.names
        )
    }

    /// The answer of a door to a program on this machine, unless the test says otherwise.
    func open(
        _ method: String,
        _ path: String,
        _ body: String = "",
        host: String? = "127.0.0.1:8080",
        origin: String? = nil,
        isForwarded: Bool = false,
        address: String = "127.0.0.1"
    ) async throws -> Answer {
        let answer = await doors.answer(
            EmulatorDoors.Request(
                method: method,
                path: path[...],
                host: host,
                origin: origin,
                isForwarded: isForwarded,
                address: address,
                body: Array(body.utf8)
            )
        )
        return Answer(status: answer.status, json: try JSONValue(parsing: answer.body), bytes: answer.body)
    }

    /// A call of the ready application.
    func call(_ command: String, _ body: String) async throws -> TestAPI.Reply {
        try await api.call(command, body, of: emulation.application, signedWith: Emulation.publishedKey)
    }

    struct Answer {
        let status: Int
        let json: JSONValue
        let bytes: [UInt8]

        var text: String { String(decoding: bytes, as: UTF8.self) }
    }
}

/// Hands `body` an emulator whose ready application is there.
func withEmulator(_ body: (TestEmulator) async throws -> Void) async throws {
    try await StorageEngine.sqlite.withDatabase { database in
        let emulator = try await TestEmulator(database)
        try await emulator.emulation.prepare(key: Emulation.publishedKey)
        try await body(emulator)
    }
}
