import ChatProtocol
import Database
import DatabasePostgres
import RostrumTesting
import Testing

/// What an operator is told when PostgreSQL does not do what it is asked.
@Suite struct PostgresErrorTests {
    private static let password = "s3cr3t-Pa%ss"
    private static let encodedPassword = "s3cr3t-Pa%25ss"

    private func fault(opening text: String) async -> DatabaseError? {
        await refusal {
            let database = try PostgresDatabase(ConnectionString(text))
            await database.close()
        }?.cause as? DatabaseError
    }

    @Test("a server that is not there is named by host, port and database, and the password is not told")
    func nobodyListens() async throws {
        let fault = try #require(
            await fault(opening: "postgres://anna:\(Self.encodedPassword)@127.0.0.1:1/accounts")
        )

        #expect(fault.kind == .unavailable)
        #expect(fault.message.contains("127.0.0.1:1/accounts"))
        #expect(!fault.message.contains(Self.password))
        #expect(!fault.message.contains(Self.encodedPassword))
    }

    @Test("a host that no name server knows is named")
    func unknownHost() async throws {
        let fault = try #require(await fault(opening: "postgres://nowhere.invalid/accounts"))

        #expect(fault.kind == .unavailable)
        #expect(fault.message.contains("nowhere.invalid"))
    }

    @Test(
        "a connection string that cannot be understood is not repeated",
        arguments: [
            "postgres://anna:\(password)@localhost/x", "postgres://anna:\(encodedPassword)@[::1/x",
            "host=localhost password='\(password)", "passwort=\(password)",
        ]
    )
    func brokenConnectionStrings(text: String) async throws {
        let fault = try #require(await fault(opening: text))

        #expect(fault.kind == .unavailable)
        #expect(fault.message.contains("connection string"))
        #expect(!fault.message.contains("s3cr3t"))
    }

    @Test(
        "of a password that is not encoded nothing is told, whatever libpq would take its parts for",
        arguments: [
            "postgres://anna:s3cr3t@s3cr3t@localhost/x", "postgresql://anna:s3cr3t@s3cr3t@s3cr3t@localhost:5432/x",
            "postgres://anna:s3cr3t/s3cr3t@localhost/x", "postgres://anna:s3cr3t?s3cr3t@s3cr3t/x",
            "postgres://anna:s3cr3t/s3cr3t?x@localhost/x", "postgres://localhost/x?user=anna&password=s3cr3t@s3cr3t",
            "postgres://localhost?password=s3cr3t@s3cr3t", "postgres://anna:s3cr3t@\u{301}s3cr3t@localhost/x",
            "postgres://anna:/s3cr3t@localhost",
        ]
    )
    func strayDelimiters(text: String) async throws {
        let fault = try #require(await fault(opening: text))

        #expect(fault.kind == .unavailable)
        #expect(fault.message.contains("connection string") && fault.message.contains("%40"))
        #expect(!fault.message.contains("s3cr3t"))
    }

    @Test("a password that is encoded may have anything in it")
    func encodedPasswords() async throws {
        let server = try await PostgresServer.shared.value
        let text = "postgres://postgres:%40%2F%3F%25%23@127.0.0.1:\(server.port)/postgres?application_name=x%40y"

        #expect(await fault(opening: text) == nil)
    }

    @Test("a database that is not there is told as such")
    func unknownDatabase() async throws {
        let server = try await PostgresServer.shared.value
        let url = server.url(overTCP: true).replacing("/postgres?", with: "/nothing?")

        let fault = try #require(await fault(opening: url))
        #expect(fault.kind == .unavailable)
        #expect(fault.message.contains("127.0.0.1:\(server.port)/nothing"))
    }

    @Test("a schema that is not there is told as such")
    func unknownSchema() async throws {
        let fault = try #require(await fault(opening: PostgresServer.shared.value.url(schema: "nothing")))

        #expect(fault.kind == .unavailable)
        #expect(fault.message.contains("schema"))
    }

    @Test(
        "what PostgreSQL reports is told by its kind",
        arguments: [
            ("23505", DatabaseError.Kind.constraint), ("23503", .constraint), ("40001", .busy), ("40P01", .busy),
            ("55P03", .busy), ("57014", .busy), ("53100", .full), ("53300", .unavailable), ("58030", .unavailable),
            ("42501", .readOnly), ("42P01", .statement), ("22012", .statement), ("XX001", .corrupt),
            ("XX002", .corrupt), ("XX000", .unavailable),
        ]
    )
    func kinds(state: String, kind: DatabaseError.Kind) async throws {
        try await PostgresFixture.things().with { database async throws in
            let raise = SQL(stringLiteral: "DO $$ BEGIN RAISE SQLSTATE '\(state)' USING MESSAGE = 'here'; END $$")
            let error = await refusal {
                try await database.write(of: .unordered) { tx throws(ChatError) in try tx.execute(raise) }
            }

            let fault = try #require(error?.cause as? DatabaseError)
            #expect(fault.kind == kind)
            #expect(fault.message.contains(state))
            #expect(fault.message.contains("/postgres"), "the database is named")
            #expect(database.damage.found?.message == (kind == .corrupt ? fault.message : nil))
            // What does not meet damage is as durable as ever.
            try await database.addThing(1)
        }
    }

    @Test("a value that does not fit is not repeated")
    func unfitValues() async throws {
        try await PostgresFixture.things().with { database async throws in
            let error = await refusal {
                try await database.read { tx throws(ChatError) in
                    try tx.row("SELECT CAST(\("hunter2") AS BIGINT)")
                }
            }

            let fault = try #require(error?.cause as? DatabaseError)
            #expect(fault.kind == .statement)
            #expect(!fault.message.contains("hunter2"))
        }
    }

    @Test("a column of a type that no feature uses is named")
    func unknownTypes() async throws {
        try await PostgresFixture.things().with { database async throws in
            let error = await refusal {
                try await database.read { tx throws(ChatError) in try tx.row("SELECT 1.5::float8 AS share") }
            }

            #expect(error?.storageFault == .statement)
            #expect((error?.cause as? DatabaseError)?.message.contains("share") == true)
        }
    }

    @Test("a text with NUL, which PostgreSQL cannot keep, is a statement that is not accepted")
    func nul() async throws {
        try await PostgresFixture.things().with { database async throws in
            let error = await refusal { try await database.addThing(1, "a\u{0}b") }

            #expect(error?.storageFault == .statement)
            #expect(try await database.thingIDs() == [])
        }
    }

    @Test("a full disk is told as such, and who wrote is refused")
    func limits() async throws {
        try await PostgresFixture.things().with { database async throws in
            let error = await refusal {
                try await database.write { tx throws(ChatError) in
                    try Things.add(1, in: tx)
                    try tx.execute("DO $$ BEGIN RAISE SQLSTATE '53100'; END $$")
                }
            }

            #expect(error?.storageFault == .full)
            #expect(try await database.thingIDs() == [])
        }
    }
}
