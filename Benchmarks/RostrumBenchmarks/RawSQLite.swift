import ArgumentParser
import Chat

/// Baseline S: SQLite's C interface alone (WAL, FULL) running the statements of a create, in groups.
///
/// One durable transaction a group, a savepoint an operation, random IDs, statements prepared once: what the server's
/// writer does, without the server.
struct RawSQLite: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "raw-sqlite")

    @Option(help: "A file seeded by `seed`.")
    var database: String
    @Option var group: Int
    @Option var seconds: Double

    func run() throws {
        let connection = try Connection(database)
        let statements = try [
            "SAVEPOINT operation",
            "SELECT 1 FROM accounts WHERE app = $1 AND id = $2",
            """
            INSERT INTO channels (app, id, owner, name, introduction, face_url, organization, custom_string,
                max_subscribers, subscribers, last_message_at, created_at, incarnation)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (app, id) DO NOTHING
            """,
            "UPDATE application_usage SET channels = channels + 1 WHERE app = $1 AND channels < $2",
            """
            INSERT INTO audit (app, at, request, operator, address, action, target)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            "RELEASE operation",
        ].map(connection.prepare)
        var random = SystemRandomNumberGenerator()
        var made = 0
        let began = ContinuousClock.now
        while ContinuousClock.now - began < .seconds(seconds) {
            try connection.run("BEGIN IMMEDIATE")
            for _ in 0..<group {
                let id = "@TOA#_" + String(UInt64.random(in: .min ... .max, using: &random), radix: 36)
                let request = "raw-\(made)-" + String(UInt32.random(in: .min ... .max, using: &random), radix: 36)
                made += 1
                try connection.step(statements[0], [])
                try connection.step(statements[1], [.integer(BenchmarkInstallation.application), .text("107867")])
                try connection.step(
                    statements[2],
                    [
                        .integer(BenchmarkInstallation.application), .text(id), .text("107867"), .text("Harbour News"),
                        .text("Tides and ferries"), .text("https://img.example.net/h.png"), .text("Port of Example"),
                        .text("{\"lang\":\"en\"}"), .integer(5000), .integer(0), .integer(0),
                        .integer(1_767_225_600_000),
                        .integer(Int64.random(in: 0...0xF_FFFF_FFFF_FFFF, using: &random)),
                    ]
                )
                try connection.step(statements[3], [.integer(BenchmarkInstallation.application), .integer(Int64.max)])
                try connection.step(
                    statements[4],
                    [
                        .integer(BenchmarkInstallation.application), .integer(1_767_225_600_000), .text(request),
                        .text("administrator"),
                        .text("127.0.0.1"), .text("create_official_account"), .text(id),
                    ]
                )
                try connection.step(statements[5], [])
            }
            try connection.run("COMMIT")
        }
        let took = (ContinuousClock.now - began) / .seconds(1)
        print(Double(made) / took)
    }
}
