import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// Which life of a storage this is: made once, kept until something replaces it.
@Suite struct StorageGenerationTests {
    @Test("a storage gets a generation when it has none, and keeps it", arguments: StorageEngine.enabled)
    func kept(engine: StorageEngine) async throws {
        try await engine.withStorage { storage in
            let (first, text) = try await storage.withDatabase { database in
                try await database.migrate(Schema.migrations)
                let generation = try await StorageGeneration.find(in: database, random: SeededRandom(seed: 1))
                let text = try await database.read { tx throws(ChatError) in
                    try StorageProperty.generation.value(in: tx)
                }
                return (generation, text)
            }
            let again = try await storage.withDatabase { database in
                try await StorageGeneration.find(in: database, random: SeededRandom(seed: 2))
            }

            #expect(text?.wholeMatch(of: /[0-9a-f]{8}/) != nil)
            #expect(first.text.hasPrefix(text ?? "-"))
            #expect(again.text == first.text)
        }
    }

    @Test("programs that open a new storage at once agree", arguments: StorageEngine.enabled)
    func atOnce(engine: StorageEngine) async throws {
        try await engine.withDatabase { database in
            let found = try await withThrowingTaskGroup(of: StorageGeneration.self) { group in
                for seed in UInt64(1)...10 {
                    group.addTask {
                        try await StorageGeneration.find(in: database, random: SeededRandom(seed: seed))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            #expect(found.allSatisfy { $0.text == found[0].text })
        }
    }

    @Test("storages differ", arguments: StorageEngine.enabled)
    func different(engine: StorageEngine) async throws {
        let random = SeededRandom()
        var found: [StorageGeneration] = []
        for _ in 0..<2 {
            found.append(
                try await engine.withDatabase { try await StorageGeneration.find(in: $0, random: random) }
            )
        }

        #expect(found[0].text != found[1].text)
    }

    @Test("a storage that cannot lose anything has its number; another lineage is another generation at once")
    func lineages() async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let history = History(lineage: 0)
            let generation = StorageGeneration("0a1b2c3d", of: HistoricDatabase(database, history))

            #expect(generation.text == "0a1b2c3d")
            var epochs = [generation.epoch(of: 7).description]
            for number in [1, 2, 255] as [Int64] {
                history.becomes(number)
                epochs.append(generation.epoch(of: 7).description)
            }
            #expect(epochs == ["0a1b2c3d-7", "0a1b2c3d1-7", "0a1b2c3d2-7", "0a1b2c3dff-7"])
        }
    }
}
