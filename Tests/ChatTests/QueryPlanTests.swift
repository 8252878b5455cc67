import Chat
import ChatProtocol
import Database
import RostrumTesting
import Testing

/// SQLite finds by an index what can be many, and does not walk through all that an application or a channel has.
///
/// It keeps no statistics here, and takes the first column of an index to tell rows apart well, which an application does not.
@Suite struct QueryPlanTests {
    /// Tables that hold what happened, and are the longest.
    private static let growing = ["broadcasts", "webhook_attempts", "audit", "idempotency_keys"]

    /// Whether a step of a plan goes through a whole table, or all that an application or a channel has in it.
    private static func isWalk(_ step: String) -> Bool {
        // Such as: SEARCH audit USING INDEX audit_by_request (app=? AND request=?)
        let table = step.split(separator: " ").dropFirst().first.map(String.init) ?? ""
        guard growing.contains(table) else { return false }
        return step.hasPrefix("SCAN") || step.hasSuffix("(app=?)")
            || step.hasSuffix("(app=? AND channel=? AND incarnation=?)")
    }

    /// Posts, delivers, looks up what became of it, and sweeps.
    private func use(_ installation: TestInstallation) async throws {
        _ = try await installation.applications.create(.example(plan: .enterprise), by: installation.operation())
        try await installation.prepareChannel()
        try await installation.setWebhooks([.afterSend])
        let key = try await installation.send(.example())
        try await installation.deliver()
        let delivery = try #require(try await installation.deliveryLog().first?.delivery)
        _ = try await installation.deliveries.trace(delivery, limit: 10, of: .example)
        _ = try await installation.deliveries.find(delivery, of: .example)
        _ = try await installation.systems.applications.audit(of: .example, request: "r")
        _ = try await installation.recall(key.rawValue)
        try await installation.systems.sweep.run()
    }

    /// What a statement goes through, in SQLite's words.
    private func plan(of statement: String, _ database: any Database) async throws -> [String] {
        let text = "EXPLAIN QUERY PLAN " + statement.replacing(/\$\d+/, with: "1")
        return try await database.read { tx throws(ChatError) in
            try tx.rows(SQL(stringLiteral: text)).map { row throws(ChatError) in try row.text(3) }
        }
    }

    @Test("what is looked up by a digest, a delivery or a request, and what is swept, is found by an index")
    func plans() async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let recorder = StatementRecorder(database)
            let installation = TestInstallation(database: recorder)
            try await use(installation)

            // Those that ask for more than an application's rows.
            let statements = recorder.take().filter { $0.contains(" AND ") }
            for table in Self.growing {
                #expect(statements.contains { $0.contains("FROM \(table)") }, "\(table) is not used")
            }
            for statement in statements {
                for step in try await plan(of: statement, database) {
                    #expect(!Self.isWalk(step), "\(step): \(statement)")
                }
            }
        }
    }
}
