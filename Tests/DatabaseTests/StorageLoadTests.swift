import ChatProtocol
import Database
import RostrumTesting
import Testing

/// What an engine says of how much is asked of it.
@Suite struct StorageLoadTests {
    @Test("operations behind one that does not end are counted as waiting", arguments: StorageEngine.enabled)
    func waiting(engine: StorageEngine) async throws {
        try await engine.withThings { database in
            let idle = database.load
            #expect(idle.reads.waiting == 0 && idle.writes.waiting == 0)
            #expect(idle.reads.workers > 0 && idle.writes.workers > 0)

            let held = HeldTransaction()
            let turn = Turn.application(.example)
            async let holding: Void = database.write(of: turn) { _ throws(ChatError) in held.hold() }
            await held.waitUntilBegun()
            async let first: Void = database.write(of: turn) { tx throws(ChatError) in try Things.add(1, in: tx) }
            async let second: Void = database.write(of: turn) { tx throws(ChatError) in try Things.add(2, in: tx) }
            try await waitUntil("both wait") { database.load.writes.waiting == 2 }
            #expect(database.load.writes.busy >= 1)

            held.goOn()
            _ = try await (holding, first, second)
            #expect(database.load.writes.waiting == 0)
        }
    }
}
