import ArgumentParser

/// Baseline for subscribing: SQLite's C interface alone (WAL, FULL) writing the rows of batches of 100 subscribers.
///
/// So many batches a transaction as the server's commits carried, each in a savepoint: the subscriptions, the channel's
/// counters, the audit row.
struct RawSubscribe: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "raw-subscribe")

    @Option(help: "A file seeded by `seed-subscribers`.")
    var database: String
    @Option var group: Int
    @Option var seconds: Double
    @Option var channel: String

    func run() throws {
        let connection = try Connection(database)
        let savepoint = try connection.prepare("SAVEPOINT operation")
        let release = try connection.prepare("RELEASE operation")
        let insert = try connection.prepare(
            """
            INSERT INTO subscriptions (app, channel, incarnation, account, position, subscribed_at, joined_seq,
                read_seq, message_flag, custom_string, last_sent_at_seconds, version)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT (app, channel, incarnation, account) DO NOTHING
            """
        )
        let count = try connection.prepare(
            """
            UPDATE channels SET subscribers = subscribers + $1, subscription_head = $2 WHERE app = $3 AND id = $4
            """
        )
        let audit = try connection.prepare(
            """
            INSERT INTO audit (app, at, request, operator, address, action, target)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """
        )
        let application = Connection.Value.integer(BenchmarkInstallation.application)
        let moment = Connection.Value.integer(1_767_225_600_000)
        // So that another run on the file meets nothing of this one.
        let run = String(UInt32.random(in: .min ... .max), radix: 36)
        var batches: Int64 = 0
        let began = ContinuousClock.now
        while ContinuousClock.now - began < .seconds(seconds) {
            try connection.run("BEGIN IMMEDIATE")
            for _ in 0..<group {
                batches += 1
                let names = (0..<100).map { "\(run)_\(batches)_\($0)" }
                try connection.step(savepoint, [])
                for name in names {
                    try connection.step(
                        insert,
                        [
                            application, .text(channel), .integer(7), .text(name), .integer(batches), moment,
                            .integer(0), .integer(0), .text("AcceptAndNotify"), .text(""), .integer(0),
                            .integer(batches),
                        ]
                    )
                }
                try connection.step(count, [.integer(100), .integer(batches), application, .text(channel)])
                try connection.step(
                    audit,
                    [
                        application, moment, .text("raw-\(run)-\(batches)"), .text("administrator"), .text("127.0.0.1"),
                        .text("add_subscriber"), .text("\(channel): \(names.joined(separator: ","))"),
                    ]
                )
                try connection.step(release, [])
            }
            try connection.run("COMMIT")
        }
        print(Double(batches) * 100 / ((ContinuousClock.now - began) / .seconds(1)))
    }
}
