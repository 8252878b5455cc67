import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

@Suite struct StoragePropertyTests {
    @Test("a property has no value, then the last one it was set to", arguments: StorageEngine.enabled)
    func setting(engine: StorageEngine) async throws {
        try await engine.withDatabase { database in
            let values = try await database.write { tx throws(ChatError) in
                let unset = try StorageProperty.emulatorClockAdvance.value(in: tx)
                try StorageProperty.emulatorClockAdvance.set("60", in: tx)
                try StorageProperty.emulatorClockAdvance.set("3600", in: tx)
                let other = try StorageProperty.emulator.value(in: tx)
                return [unset, try StorageProperty.emulatorClockAdvance.value(in: tx), other]
            }

            #expect(values == [nil, "3600", nil])
        }
    }
}
