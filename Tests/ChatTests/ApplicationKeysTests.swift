import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// The keys that UserSigs are made with, and how they are stored.
@Suite struct ApplicationKeysTests {
    @Test("a rotation keeps two keys, the newest last; a third drops the oldest", arguments: StorageEngine.enabled)
    func rotation(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let applications = installation.applications

            // The clock stands still: the order must not depend on it.
            let two = try await applications.rotateKey(of: .example, to: "second", by: installation.operation())
            let three = try await applications.rotateKey(of: .example, to: "third", by: installation.operation())
            installation.clock.advance(seconds: -3600)
            let four = try await applications.rotateKey(of: .example, to: "fourth", by: installation.operation())

            #expect(two.keys.map(\.text) == [NewApplication.exampleKey, "second"])
            #expect(three.keys.map(\.text) == ["second", "third"])
            #expect(four.keys.map(\.text) == ["third", "fourth"])
            let found = try await applications.find(.example)
            #expect(found?.keys == four.keys)
        }
    }

    @Test("the end of a rotation leaves the newest key", arguments: StorageEngine.enabled)
    func droppingOldKeys(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let applications = installation.applications
            _ = try await applications.rotateKey(of: .example, to: "second", by: installation.operation())

            let dropped = try await applications.dropOldKeys(of: .example, by: installation.operation())
            let again = try await applications.dropOldKeys(of: .example, by: installation.operation())

            #expect(dropped.keys.map(\.text) == ["second"])
            #expect(again.keys.map(\.text) == ["second"])
        }
    }

    @Test(
        "a key put in the place of others counts alone, also one of those that were there",
        arguments: StorageEngine.enabled,
        ["third", "second", NewApplication.exampleKey]
    )
    func replacing(engine: StorageEngine, key: String) async throws {
        try await engine.withInstallation { installation in
            let applications = installation.applications
            _ = try await applications.rotateKey(of: .example, to: "second", by: installation.operation())
            _ = try await applications.find(.example)

            let replaced = try await applications.replaceKeys(of: .example, with: key, by: installation.operation())

            #expect(replaced.keys.map(\.text) == [key])
            let found = try await applications.find(.example)
            #expect(found?.keys == replaced.keys)
        }
    }

    @Test("replacing keys touches no other application, and needs one", arguments: StorageEngine.enabled)
    func replacingElsewhere(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let applications = installation.applications

            let error = await refusal {
                try await applications.replaceKeys(of: .other, with: "new", by: installation.operation())
            }
            _ = try await applications.create(.example(id: .other), by: installation.operation())
            _ = try await applications.replaceKeys(of: .other, with: "new", by: installation.operation())

            #expect(error?.code == .applicationNotFound)
            let keys = try await installation.application().keys
            #expect(keys.map(\.text) == [NewApplication.exampleKey])
        }
    }

    @Test("a made key has 64 hexadecimal digits and is another each time")
    func madeKeys() {
        let random = SystemRandomSource()
        let key = NewApplication.makeKey(random)

        #expect([UInt8](hexadecimal: key)?.count == 32)
        #expect(key != NewApplication.makeKey(random))
    }

    @Test("no secret stands in the storage as it is", arguments: StorageEngine.enabled)
    func secretsAreSealed(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let rows = try await installation.database.read { tx throws(ChatError) in
                try tx.rows("SELECT key_sealed FROM application_keys")
                    + tx.rows("SELECT webhook_secret_sealed FROM applications")
            }

            #expect(rows.count == 2)
            for (row, secret) in zip(rows, [NewApplication.exampleKey, "webhook secret"]) {
                let stored = String(decoding: try row.blob(0), as: UTF8.self)
                #expect(!stored.contains(secret.prefix(6)))
            }
        }
    }

    @Test("under another master key no application is found, and the fault is named", arguments: StorageEngine.enabled)
    func otherMasterKey(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let stranger = Applications(
                database: installation.database,
                bus: installation.bus,
                clock: installation.clock,
                secrets: SecretBox(.other)
            )

            let error = await refusal { try await stranger.find(.example) }
            #expect(error?.storageFault == .corrupt)
        }
    }

    @Test("a key that was copied to another application's row does not open there", arguments: StorageEngine.enabled)
    func copiedKey(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            _ = try await installation.applications.create(
                .example(id: .other, key: "other key"),
                by: installation.operation()
            )
            _ = try await installation.database.write { tx throws(ChatError) in
                try tx.execute(
                    """
                    UPDATE application_keys SET key_sealed =
                        (SELECT key_sealed FROM application_keys WHERE app = \(SDKAppID.other))
                    WHERE app = \(SDKAppID.example)
                    """
                )
            }
            installation.clock.advance(seconds: 5)

            let error = await refusal { try await installation.applications.find(.example) }
            #expect(error?.storageFault == .corrupt)
        }
    }
}
