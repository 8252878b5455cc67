import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// What the database holds of a secret is worth nothing without the master key.
@Suite struct SecretBoxTests {
    private let box = SecretBox(.example)

    @Test("what was sealed opens in its place", arguments: ["", "k", "中文", String(repeating: "secret", count: 1000)])
    func roundTrip(secret: String) throws {
        let sealed = try box.seal(secret, for: "application_keys/1")

        #expect(try box.open(sealed, for: "application_keys/1") == secret)
        #expect(sealed.count == 1 + 12 + secret.utf8.count + 16)
        #expect(sealed.first == 1)
    }

    @Test("sealing twice gives two texts")
    func nonces() throws {
        #expect(try box.seal("secret", for: "a") != box.seal("secret", for: "a"))
    }

    @Test("another master key does not open it")
    func otherKey() async throws {
        let sealed = try box.seal("secret", for: "a")

        let error = await refusal { try SecretBox(.other).open(sealed, for: "a") }
        #expect(error?.storageFault == .corrupt)
    }

    @Test("what was moved to another place does not open", arguments: ["application_keys/2", "webhook_token/1", ""])
    func moved(place: String) async throws {
        let sealed = try box.seal("secret", for: "application_keys/1")

        #expect(await refusal { try box.open(sealed, for: place) }?.storageFault == .corrupt)
    }

    @Test("a change of any byte is noticed")
    func tampered() async throws {
        let sealed = try box.seal("secret", for: "a")

        for position in sealed.indices {
            var changed = sealed
            changed[position] ^= 1
            #expect(await refusal { try box.open(changed, for: "a") }?.storageFault == .corrupt, "byte \(position)")
        }
    }

    @Test("what is cut short or longer is noticed")
    func cut() async throws {
        let sealed = try box.seal("secret", for: "a")

        for length in sealed.indices {
            let cut = Array(sealed.prefix(length))
            #expect(await refusal { try box.open(cut, for: "a") }?.storageFault == .corrupt, "\(length) bytes")
        }
        #expect(await refusal { try box.open(sealed + [0], for: "a") }?.storageFault == .corrupt)
    }

    @Test("a storage remembers the key that it was first used with", arguments: StorageEngine.enabled)
    func verify(engine: StorageEngine) async throws {
        try await engine.withDatabase { database in
            try await box.verify(against: database)
            try await box.verify(against: database)

            let error = await refusal { try await SecretBox(.other).verify(against: database) }
            let fault = try #require(error?.cause as? DatabaseError)
            #expect(fault.message.contains("master key does not fit"))
            try await box.verify(against: database)
        }
    }

    @Test("of two keys that come upon a new storage at once, one is the storage's", arguments: StorageEngine.enabled)
    func verifyTogether(engine: StorageEngine) async throws {
        for _ in 0..<10 {
            try await engine.withDatabase { database in
                async let first = refusal { try await SecretBox(.example).verify(against: database) }
                async let second = refusal { try await SecretBox(.other).verify(against: database) }
                let errors = await [first, second]
                #expect(errors.filter { $0 == nil }.count == 1)

                let winner = errors[0] == nil ? SecretBox(.example) : SecretBox(.other)
                try await winner.verify(against: database)
            }
        }
    }

    @Test("what is remembered of the key does not tell it", arguments: StorageEngine.enabled)
    func checkTellsNothing(engine: StorageEngine) async throws {
        try await engine.withDatabase { database in
            try await box.verify(against: database)

            let remembered = try await database.read { tx throws(ChatError) in
                try StorageProperty.masterKeyCheck.value(in: tx)
            }
            let text = try #require(remembered)
            #expect(!text.contains(String(repeating: "0f", count: 16)))
        }
    }
}
