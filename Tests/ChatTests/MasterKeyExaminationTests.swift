import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// A change of the master key opens every secret before it changes anything.
@Suite struct MasterKeyExaminationTests {
    private static let both = MasterKeys(.other, older: .example)
    private let alice = OperatorName("alice")

    private func isNamed(_ text: String, _ error: ChatError?) -> Bool {
        (error?.cause as? DatabaseError)?.message.contains(text) == true
    }

    @Test("secrets that no key opens are named, and nothing is changed", arguments: StorageEngine.enabled)
    func unreadable(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.fillWithSecrets()
            let broken = try #require(SDKAppID(rawValue: 1_400_000_023))
            let nothing: [UInt8] = [1, 2, 3]
            try await installation.database.write { tx throws(ChatError) in
                _ = try tx.execute("UPDATE applications SET webhook_token_sealed = \(nothing) WHERE app = \(broken)")
                _ = try tx.execute("UPDATE operators SET second_factor_sealed = \(nothing) WHERE name = \(alice)")
            }

            let error = await refusal { try await installation.changeMasterKey(to: Self.both) }

            #expect(isNamed("webhook_token/\(broken)", error) && isNamed("operators/alice", error))
            #expect(!isNamed("webhook_secret", error))
            try await SecretBox(.example).verify(against: installation.database)
            let audit = try await installation.systems.operators.audit(100)
            #expect(!audit.contains { $0.action == "master-key rotate" })
        }
    }

    @Test("of many secrets that no key opens the first are named, and all counted", arguments: StorageEngine.enabled)
    func unreadableByTheDozen(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.fillWithSecrets()
            for number in Int64(100)..<118 {
                let id = try #require(SDKAppID(rawValue: 1_400_000_020 + number))
                _ = try await installation.applications.create(.example(id: id), by: installation.operation())
            }
            try await installation.execute("UPDATE applications SET webhook_token_sealed = webhook_secret_sealed")

            let error = await refusal {
                try await MasterKeyChange(Self.both, database: installation.database).examine()
            }

            let text = (error?.cause as? DatabaseError)?.message ?? ""
            #expect(text.split(separator: "webhook_token/").count - 1 == 20, "\(text)")
            #expect(text.contains(" and 4 more, 24 in all. Put the key"), "\(text)")
        }
    }

    @Test(
        "a lost key that is found again goes second, and what is under it is sealed anew",
        arguments: StorageEngine.enabled
    )
    func foundAgain(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.fillWithSecrets()
            let place = "webhook_token/\(SDKAppID.example)"
            let sealed = try SecretBox(.other).seal("sealed elsewhere", for: place)
            try await installation.database.write { tx throws(ChatError) in
                _ = try tx.execute(
                    "UPDATE applications SET webhook_token_sealed = \(sealed) WHERE app = \(SDKAppID.example)"
                )
            }
            let alone = await refusal { try await installation.changeMasterKey(to: MasterKeys(.example)) }
            #expect(isNamed("\(place). Put the key that they are sealed under behind the present one", alone))

            let done = try await installation.changeMasterKey(to: MasterKeys(.example, older: .other))

            #expect(done == .init(count: 1, wasUnderNewest: true))
            #expect(
                try await installation.openedSecrets(under: SecretBox(.example)).flatMap { $0 }.contains(
                    "sealed elsewhere"
                )
            )
        }
    }

    @Test("a change whose old key is lost is not gone on with", arguments: StorageEngine.enabled)
    func lostOldKey(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.fillWithSecrets()
            let stopping = StoppingDatabase(installation.database, afterWrites: 3)
            #expect(await refusal { try await installation.changeMasterKey(to: Self.both, on: stopping) } != nil)

            let examined = await refusal {
                try await MasterKeyChange(MasterKeys(.other), database: installation.database).examine()
            }
            let error = await refusal { try await installation.changeMasterKey(to: MasterKeys(.other)) }

            #expect(isNamed("do not open under any key", examined) && isNamed("do not open under any key", error))
            try await MasterKeyChange(Self.both, database: installation.database).examine()
            #expect(try await installation.changeMasterKey(to: Self.both).count > 0)
        }
    }
}
