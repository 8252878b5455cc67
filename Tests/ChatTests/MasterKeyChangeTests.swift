import Chat
import ChatProtocol
import Database
import RostrumTesting
import Synchronization
import Testing

/// Another master key, under every secret of an installation.
@Suite struct MasterKeyChangeTests {
    private static let both = MasterKeys(.other, older: .example)
    private static let alice = OperatorName("alice")

    /// Six applications, one of them with two keys and a token, and an operator with a second factor.
    private func fill(_ installation: TestInstallation) async throws {
        try await installation.secrets.verify(against: installation.database)
        for number in Int64(1)...5 {
            let id = try #require(SDKAppID(rawValue: 1_400_000_020 + number))
            _ = try await installation.applications.create(
                .example(id: id, key: "key of \(number)"),
                by: installation.operation()
            )
        }
        _ = try await installation.applications.rotateKey(of: .example, to: "another key", by: installation.operation())
        var change = ApplicationChange()
        change.webhooks.token = "a token"
        _ = try await installation.applications.update(.example, change, by: installation.operation())
        let operators = installation.systems.operators
        let token = try await operators.admit(Self.alice, from: "192.0.2.1")
        let found = try await operators.session(token)
        let session = try #require(found)
        let secondFactor = operators.newSecondFactor()
        let isAdded = try await operators.addSecondFactor(
            secondFactor,
            code: secondFactor.code(at: SystemClock().now),
            in: session,
            by: installation.operation()
        )
        #expect(isAdded)
    }

    private func change(_ keys: MasterKeys, _ database: any Database, _ installation: TestInstallation) async throws
        -> Int
    {
        try await MasterKeyChange(keys, database: database).run(by: installation.operation()).count
    }

    private func place(_ text: String, _ error: ChatError?) -> Bool {
        (error?.cause as? DatabaseError)?.message.contains(text) == true
    }

    /// Every secret of the applications, as far as these keys open them.
    private func secrets(_ installation: TestInstallation, under box: SecretBox) async throws -> [[String]] {
        let applications = Applications(
            database: installation.database,
            bus: installation.bus,
            clock: installation.clock,
            secrets: box
        )
        return try await applications.all().map { application in
            application.keys.map(\.text) + [application.webhooks.token, application.webhooks.secret]
        }
    }

    private func secondFactor(_ installation: TestInstallation, under box: SecretBox) async throws -> String {
        let sealed = try await installation.database.read { tx throws(ChatError) in
            try tx.row("SELECT second_factor_sealed FROM operators WHERE name = \(Self.alice)")?.blob(0)
        }
        return try box.open(try #require(sealed), for: "operators/\(Self.alice)")
    }

    @Test("everything opens under the new key and nothing under the old one", arguments: StorageEngine.enabled)
    func change(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            let before = try await secrets(installation, under: SecretBox(.example))
            let factor = try await secondFactor(installation, under: SecretBox(.example))
            #expect(before.count == 6 && before.contains { $0.contains("a token") && $0.contains("another key") })

            let count = try await change(Self.both, installation.database, installation)

            #expect(count == 6 * 3 + 2)
            #expect(try await secrets(installation, under: SecretBox(.other)) == before)
            #expect(try await secondFactor(installation, under: SecretBox(.other)) == factor)
            try await SecretBox(.other).verify(against: installation.database)
            let error = await refusal { try await SecretBox(.example).verify(against: installation.database) }
            #expect((error?.cause as? DatabaseError)?.message.contains("master key does not fit") == true)
            await #expect(throws: ChatError.self) { try await secrets(installation, under: SecretBox(.example)) }
            let audit = try await installation.systems.operators.audit(100)
            #expect(audit.filter { $0.action == "master-key rotate" }.map(\.target) == ["every secret"])
            #expect(try await change(MasterKeys(.other), installation.database, installation) == 0)
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
                try await fill(installation)
                let before = try await secrets(installation, under: SecretBox(.example))
                let stopping = StoppingDatabase(installation.database, afterWrites: writes)
                let error = await refusal { try await change(Self.both, stopping, installation) }

                #expect(
                    try await secrets(installation, under: SecretBox(Self.both)) == before,
                    "after \(writes) writes"
                )
                _ = try await change(Self.both, installation.database, installation)

                #expect(try await secrets(installation, under: SecretBox(.other)) == before, "after \(writes) writes")
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
            try await fill(installation)
            let isThere = Mutex(false)
            let server = Applications(
                database: installation.database,
                bus: installation.bus,
                clock: installation.clock,
                secrets: SecretBox(MasterKeys(.example)) { isThere.withLock { $0 } ? Self.both : nil }
            )
            isThere.withLock { $0 = true }

            let added = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await change(Self.both, installation.database, installation) }
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

            _ = try await change(Self.both, installation.database, installation)
            let found = try await secrets(installation, under: SecretBox(.other)).flatMap { $0 }
            #expect(Set(found).isSuperset(of: added))
        }
    }

    @Test("a server without the new key seals nothing more, and says why", arguments: StorageEngine.enabled)
    func ignorant(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            _ = try await change(Self.both, installation.database, installation)

            let error = await refusal {
                try await installation.applications.create(.example(id: .other), by: installation.operation())
            }
            #expect((error?.cause as? DatabaseError)?.message.contains("master key does not fit") == true)
            #expect(await refusal { try await installation.applications.all() }?.storageFault == .corrupt)
        }
    }

    @Test("secrets that no key opens are named, all of them, and nothing is changed", arguments: StorageEngine.enabled)
    func unreadable(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            let broken = try #require(SDKAppID(rawValue: 1_400_000_023))
            let nothing: [UInt8] = [1, 2, 3]
            try await installation.database.write { tx throws(ChatError) in
                _ = try tx.execute("UPDATE applications SET webhook_token_sealed = \(nothing) WHERE app = \(broken)")
                _ = try tx.execute("UPDATE operators SET second_factor_sealed = \(nothing) WHERE name = \(Self.alice)")
            }

            let error = await refusal { try await change(Self.both, installation.database, installation) }

            #expect(place("webhook_token/\(broken)", error) && place("operators/alice", error))
            #expect(!place("webhook_secret", error))
            try await SecretBox(.example).verify(against: installation.database)
            let audit = try await installation.systems.operators.audit(100)
            #expect(!audit.contains { $0.action == "master-key rotate" })
        }
    }

    @Test("a change whose old key is lost is not gone on with", arguments: StorageEngine.enabled)
    func lostOldKey(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            let stopping = StoppingDatabase(installation.database, afterWrites: 3)
            #expect(await refusal { try await change(Self.both, stopping, installation) } != nil)

            let examined = await refusal {
                try await MasterKeyChange(MasterKeys(.other), database: installation.database).examine()
            }
            let error = await refusal { try await change(MasterKeys(.other), installation.database, installation) }

            #expect(place("do not open under any key", examined) && place("do not open under any key", error))
            try await MasterKeyChange(Self.both, database: installation.database).examine()
            #expect(try await change(Self.both, installation.database, installation) > 0)
        }
    }

    @Test("which key the storage was under before is told", arguments: StorageEngine.enabled)
    func order(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            func run(_ keys: MasterKeys) async throws -> MasterKeyChange.Result {
                try await MasterKeyChange(keys, database: installation.database).run(by: installation.operation())
            }
            let wrong = try await run(MasterKeys(.example, older: .other))
            #expect(wrong.count == 0 && wrong.wasUnderNewest)
            try await SecretBox(.example).verify(against: installation.database)
            let right = try await run(Self.both)
            #expect(right.count == 20 && !right.wasUnderNewest)
        }
    }

    @Test("a storage under neither key is left alone", arguments: StorageEngine.enabled)
    func foreign(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await fill(installation)
            let before = try await secrets(installation, under: SecretBox(.example))

            let error = await refusal { try await change(MasterKeys(.other), installation.database, installation) }

            #expect(error != nil)
            #expect(try await secrets(installation, under: SecretBox(.example)) == before)
            try await SecretBox(.example).verify(against: installation.database)
        }
    }
}
