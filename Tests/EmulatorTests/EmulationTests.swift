import Chat
import ChatProtocol
import Database
import Emulator
import RostrumTesting
import Testing

/// What `rostrum dev` has ready (design sections 1 and 9).
@Suite struct EmulationTests {
    @Test("the ready application has the documentation's number, both admins and the published key")
    func ready() async throws {
        try await withEmulator { emulator in
            let application = try await emulator.installation.application(emulator.emulation.application)

            #expect(application.id.rawValue == 88_888_888)
            #expect(application.admins == [UserID("administrator"), UserID("admin")])
            #expect(application.keys.map(\.text) == [Emulation.publishedKey])
            #expect(application.plan == .enterprise && application.isEnabled && application.channelServiceIsEnabled)
            let accounts = try await emulator.installation.accounts.page(of: application.id, after: "", limit: 10)
            #expect(accounts.map(\.id.rawValue) == ["107867", "admin", "administrator"])
        }
    }

    @Test("the documentation's sample works as the first thing anyone tries")
    func sample() async throws {
        try await withEmulator { emulator in
            let reply = try await emulator.call(
                "create_official_account",
                #"{"Owner_Account":"107867","Name":"My first channel"}"#
            )
            #expect(reply.code == .ok, "\(reply.info)")
        }
    }

    @Test("preparing twice changes nothing, whatever was made in between")
    func twice() async throws {
        try await withEmulator { emulator in
            #expect(try await emulator.call("account_import", #"{"UserID":"anna"}"#).code == .ok)
            _ = try await emulator.call("account_delete", #"{"DeleteItem":[{"UserID":"107867"}]}"#)
            let before = try await emulator.installation.application(emulator.emulation.application)
            let audit = try await emulator.installation.audit(of: emulator.emulation.application)

            try await emulator.emulation.prepare(key: Emulation.publishedKey)

            let after = try await emulator.installation.application(emulator.emulation.application)
            #expect(after.keys == before.keys && after.admins == before.admins && after.limits == before.limits)
            #expect(after.webhooks == before.webhooks && after.createdAt == before.createdAt)
            #expect(try await emulator.installation.audit(of: emulator.emulation.application) == audit)
            let accounts = try await emulator.installation.accounts.page(of: before.id, after: "", limit: 10)
            #expect(accounts.map(\.id.rawValue) == ["admin", "administrator", "anna"])
        }
    }

    @Test(
        "a storage that has applications already is not the emulator's, its own number or not",
        arguments: [true, false]
    )
    func servedStorage(isReady: Bool) async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            #expect(try await !Emulation.isServed(database))
            let emulator = try await TestEmulator(database)
            let id = isReady ? emulator.emulation.application : .example
            _ = try await emulator.installation.applications.create(
                .example(id: id),
                by: emulator.installation.operation()
            )
            let before = try await emulator.installation.application(id)

            let refusal = await refusal { try await emulator.emulation.prepare(key: Emulation.publishedKey) }

            #expect(refusal?.code == .accountParameterInvalid)
            #expect(try await Emulation.isServed(database))
            let applications = try await emulator.installation.applications.all()
            #expect(applications.map(\.id) == [id])
            #expect(applications.map(\.keys) == [before.keys])
        }
    }

    @Test("a storage that the emulator began stays its own when the ready application is deleted")
    func deletedApplication() async throws {
        try await withEmulator { emulator in
            let applications = emulator.installation.applications
            _ = try await applications.create(.example(), by: emulator.installation.operation())
            try await applications.delete(emulator.emulation.application, by: emulator.installation.operation())
            #expect(try await !Emulation.isServed(emulator.installation.database))

            try await emulator.emulation.prepare(key: Emulation.publishedKey)

            #expect(try await emulator.call("account_check", #"{"CheckItem":[{"UserID":"anna"}]}"#).code == .ok)
        }
    }

    @Test("a storage without a schema is nobody's yet")
    func emptyStorage() async throws {
        try await StorageEngine.sqlite.withDatabase(migrations: []) { database in
            #expect(try await !Emulation.isServed(database))
            try await database.migrate([])
            #expect(try await !Emulation.isServed(database))
        }
    }

    @Test("another key replaces the one before at once: the old one is good for nothing")
    func anotherKey() async throws {
        try await withEmulator { emulator in
            let key = String(repeating: "ab", count: 32)
            let body = #"{"CheckItem":[{"UserID":"anna"}]}"#
            #expect(try await emulator.call("account_check", body).code == .ok)

            try await emulator.emulation.prepare(key: key)

            let application = try await emulator.installation.application(emulator.emulation.application)
            #expect(application.keys.map(\.text) == [key])
            #expect(try await emulator.call("account_check", body).code.rawValue == 70009)
            let id = emulator.emulation.application
            #expect(try await emulator.api.call("account_check", body, of: id, signedWith: key).code == .ok)
            try await emulator.emulation.prepare(key: Emulation.publishedKey)
            #expect(try await emulator.call("account_check", body).code == .ok)
        }
    }

    @Test("reset empties the ready application and leaves others, its key and the clock")
    func reset() async throws {
        try await withEmulator { emulator in
            _ = try await emulator.installation.applications.create(
                .example(),
                by: emulator.installation.operation()
            )
            try await emulator.installation.importAccounts("anna")
            _ = try await emulator.call("account_import", #"{"UserID":"bella"}"#)
            _ = try await emulator.call("account_delete", #"{"DeleteItem":[{"UserID":"107867"}]}"#)
            _ = try await emulator.call("create_official_account", #"{"Owner_Account":"bella","Name":"B"}"#)
            _ = try await emulator.clock.advance(bySeconds: 60)

            try await emulator.emulation.reset()

            let id = emulator.emulation.application
            let accounts = try await emulator.installation.accounts.page(of: id, after: "", limit: 10)
            #expect(accounts.map(\.id.rawValue) == ["107867", "admin", "administrator"])
            let usage = try await emulator.installation.applications.usage(of: id)
            #expect((usage.channels, usage.accounts) == (0, 3))
            #expect(try await emulator.installation.channels.page(of: id, after: "", limit: 10).isEmpty)
            #expect(emulator.clock.secondsAhead == 60)
            #expect(try await emulator.installation.application(id).keys.map(\.text) == [Emulation.publishedKey])
            let others = try await emulator.installation.accounts.page(of: .example, after: "", limit: 10)
            #expect(others.map(\.id.rawValue) == ["administrator", "anna"])
        }
    }

    @Test("reset forgets idempotency keys and barred names too: a test starts from nothing")
    func resetForgets() async throws {
        try await withEmulator { emulator in
            let id = emulator.emulation.application
            let key = Emulation.publishedKey
            _ = try await emulator.api.call(
                "account_import",
                #"{"UserID":"anna"}"#,
                of: id,
                signedWith: key,
                idempotencyKey: "k"
            )
            _ = try await emulator.call("account_delete", #"{"DeleteItem":[{"UserID":"anna"}]}"#)

            try await emulator.emulation.reset()

            let reply = try await emulator.api.call(
                "account_import",
                #"{"UserID":"anna","Nick":"A"}"#,
                of: id,
                signedWith: key,
                idempotencyKey: "k"
            )
            #expect(reply.code == .ok, "\(reply.info)")
        }
    }
}
