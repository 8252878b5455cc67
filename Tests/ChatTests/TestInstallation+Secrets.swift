import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

extension TestInstallation {
    /// Six applications, one of them with two keys and a token, and an operator with a second factor.
    func fillWithSecrets() async throws {
        try await secrets.verify(against: database)
        for number in Int64(1)...5 {
            let id = try #require(SDKAppID(rawValue: 1_400_000_020 + number))
            _ = try await applications.create(
                .example(id: id, key: "key of \(number)"),
                by: operation()
            )
        }
        _ = try await applications.rotateKey(of: .example, to: "another key", by: operation())
        var change = ApplicationChange()
        change.webhooks.token = "a token"
        _ = try await applications.update(.example, change, by: operation())
        let operators = systems.operators
        let token = try await operators.admit(OperatorName("alice"), from: "192.0.2.1")
        let found = try await operators.session(token)
        let session = try #require(found)
        let secondFactor = operators.newSecondFactor()
        let isAdded = try await operators.addSecondFactor(
            secondFactor,
            code: secondFactor.code(at: SystemClock().now),
            in: session,
            by: operation()
        )
        #expect(isAdded)
    }

    /// Every secret of the applications, as far as these keys open them.
    func openedSecrets(under box: SecretBox) async throws -> [[String]] {
        let applications = Applications(
            database: database,
            bus: bus,
            clock: clock,
            secrets: box
        )
        return try await applications.all().map { application in
            application.keys.map(\.text) + [application.webhooks.token, application.webhooks.secret]
        }
    }

    /// Seals an installation's secrets under the first of the keys.
    func changeMasterKey(to keys: MasterKeys, on database: (any Database)? = nil) async throws -> MasterKeyChange.Result
    {
        try await MasterKeyChange(keys, database: database ?? self.database).run(by: operation())
    }
}
