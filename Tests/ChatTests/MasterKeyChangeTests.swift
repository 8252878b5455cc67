import Chat
import ChatProtocol
import Database
import RostrumTesting
import Synchronization
import Testing

/// Another master key, under every secret of an installation.
@Suite struct MasterKeyChangeTests {
    private static let both = MasterKeys(.other, older: .example)
    private let alice = OperatorName("alice")

    private func secondFactor(_ installation: TestInstallation, under box: SecretBox) async throws -> String {
        let sealed = try await installation.database.read { tx throws(ChatError) in
            try tx.row("SELECT second_factor_sealed FROM operators WHERE name = \(alice)")?.blob(0)
        }
        return try box.open(try #require(sealed), for: "operators/\(alice)")
    }

    @Test("everything opens under the new key and nothing under the old one", arguments: StorageEngine.enabled)
    func change(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.fillWithSecrets()
            let before = try await installation.openedSecrets(under: SecretBox(.example))
            let factor = try await secondFactor(installation, under: SecretBox(.example))
            #expect(before.count == 6 && before.contains { $0.contains("a token") && $0.contains("another key") })

            let count = try await installation.changeMasterKey(to: Self.both).count

            #expect(count == 6 * 3 + 2)
            #expect(try await installation.openedSecrets(under: SecretBox(.other)) == before)
            #expect(try await secondFactor(installation, under: SecretBox(.other)) == factor)
            try await SecretBox(.other).verify(against: installation.database)
            let error = await refusal { try await SecretBox(.example).verify(against: installation.database) }
            #expect((error?.cause as? DatabaseError)?.message.contains("master key does not fit") == true)
            await #expect(throws: ChatError.self) { try await installation.openedSecrets(under: SecretBox(.example)) }
            let audit = try await installation.systems.operators.audit(100)
            #expect(audit.filter { $0.action == "master-key rotate" }.map(\.target) == ["every secret"])
            #expect(try await installation.changeMasterKey(to: MasterKeys(.other)).count == 0)
            #expect(try await installation.systems.operators.audit(100).count == audit.count)
        }
    }

    @Test(
        "stopped after any of its writes, it is gone on with, and both keys open everything meanwhile",
        arguments: StorageEngine.enabled
    )
    func stopped(engine: StorageEngine) async throws {
        var interruptions = 0
        for writes in 0..<20 {
            let isWhole = try await engine.withInstallation { installation in
                try await installation.fillWithSecrets()
                let before = try await installation.openedSecrets(under: SecretBox(.example))
                let stopping = StoppingDatabase(installation.database, afterWrites: writes)
                let error = await refusal { try await installation.changeMasterKey(to: Self.both, on: stopping) }

                #expect(
                    try await installation.openedSecrets(under: SecretBox(Self.both)) == before,
                    "after \(writes) writes"
                )
                _ = try await installation.changeMasterKey(to: Self.both)

                #expect(
                    try await installation.openedSecrets(under: SecretBox(.other)) == before,
                    "after \(writes) writes"
                )
                _ = try await secondFactor(installation, under: SecretBox(.other))
                let audit = try await installation.systems.operators.audit(100).filter {
                    $0.action == "master-key rotate"
                }
                #expect(audit.filter { $0.target == "every secret" }.count == 1)
                #expect(audit.count == (writes == 0 || error == nil ? 1 : 2), "after \(writes) writes: \(audit)")
                return error == nil
            }
            if isWhole { break }
            interruptions += 1
        }
        // The storage's key with the audit, six applications, an operator.
        #expect(interruptions == 8)
    }

    @Test(
        "a server learns the new key when it meets it, and seals under it from then on",
        arguments: StorageEngine.enabled
    )
    func server(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.fillWithSecrets()
            let isThere = Mutex(false)
            let server = Applications(
                database: installation.database,
                bus: installation.bus,
                clock: installation.clock,
                secrets: SecretBox(MasterKeys(.example)) { isThere.withLock { $0 } ? Self.both : nil }
            )
            isThere.withLock { $0 = true }

            let added = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await installation.changeMasterKey(to: Self.both) }
                var added: [String] = []
                for number in Int64(100)..<140 {
                    let id = try #require(SDKAppID(rawValue: 1_400_000_020 + number))
                    let key = "made meanwhile \(number)"
                    _ = try await server.create(.example(id: id, key: key), by: installation.operation())
                    #expect(try await server.find(id)?.keys.last?.text == key)
                    added.append(key)
                }
                try await group.waitForAll()
                return added
            }

            _ = try await installation.changeMasterKey(to: Self.both)
            let found = try await installation.openedSecrets(under: SecretBox(.other)).flatMap { $0 }
            #expect(Set(found).isSuperset(of: added))
        }
    }

    @Test("a server without the new key seals nothing more, and says why", arguments: StorageEngine.enabled)
    func ignorant(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.fillWithSecrets()
            _ = try await installation.changeMasterKey(to: Self.both)

            let error = await refusal {
                try await installation.applications.create(.example(id: .other), by: installation.operation())
            }
            #expect((error?.cause as? DatabaseError)?.message.contains("master key does not fit") == true)
            #expect(await refusal { try await installation.applications.all() }?.storageFault == .corrupt)
        }
    }

    @Test("which key the storage was under before is told", arguments: StorageEngine.enabled)
    func order(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.fillWithSecrets()
            let wrong = try await installation.changeMasterKey(to: MasterKeys(.example, older: .other))
            #expect(wrong.count == 0 && wrong.wasUnderNewest)
            try await SecretBox(.example).verify(against: installation.database)
            let right = try await installation.changeMasterKey(to: Self.both)
            #expect(right.count == 20 && !right.wasUnderNewest)
        }
    }

    @Test("a storage under neither key is left alone", arguments: StorageEngine.enabled)
    func foreign(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.fillWithSecrets()
            let before = try await installation.openedSecrets(under: SecretBox(.example))

            let error = await refusal { try await installation.changeMasterKey(to: MasterKeys(.other)) }

            #expect(error != nil)
            #expect(try await installation.openedSecrets(under: SecretBox(.example)) == before)
            try await SecretBox(.example).verify(against: installation.database)
        }
    }
}
