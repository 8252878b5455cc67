import ArgumentParser
import Chat
import ChatProtocol
import Database

/// Queues "after" webhooks for a receiver, spread over channels, past the API.
struct SeedOutbox: AsyncParsableCommand {
    @Option var dataDir: String
    @Option var deliveries: Int
    @Option var channels: Int
    @Option var url: String

    func run() async throws {
        try await BenchmarkInstallation.with(dataDir) { systems, id in
            var change = ApplicationChange()
            change.webhooks.url = .some(WebhookURL(rawValue: url))
            change.webhooks.commands = Set(WebhookCommand.allCases)
            _ = try await systems.applications.update(
                id,
                change,
                by: Operation(performer: "benchmark", time: systems.clock.now, random: systems.random)
            )
            let (now, random) = (systems.clock.now, systems.random)
            for first in stride(from: 0, to: deliveries, by: 10_000) {
                let numbers = first..<min(first + 10_000, deliveries)
                try await systems.database.write { [channels, deliveries] tx throws(ChatError) in
                    for number in numbers {
                        let body = Self.body(channel: number % channels)
                        // One a millisecond, as if they had come one after the other.
                        let moment = Timestamp(milliseconds: now.milliseconds - Int64(deliveries - number))
                        try tx.execute(
                            """
                            INSERT INTO outbox (app, channel, number, delivery, command, body, client_address,
                                platform, queued_at)
                            VALUES (\(id), \("@TOA#_\(number % channels)"), \(number / channels + 1),
                                \(DeliveryID.make(at: moment, random)), \(WebhookCommand.afterSend.rawValue), \(body),
                                \("127.0.0.1"), \("RESTAPI"), \(moment))
                            """
                        )
                    }
                }
            }
            try await systems.database.write { [channels, deliveries] tx throws(ChatError) in
                for channel in 0..<channels {
                    try tx.execute(
                        """
                        INSERT INTO outbox_lanes (app, channel, last_number, failures, due_at)
                        VALUES (\(id), \("@TOA#_\(channel)"), \(deliveries / channels + 1), \(0), \(now))
                        """
                    )
                }
            }
        }
    }

    /// About the size of a broadcast of a line.
    static func body(channel: Int) -> [UInt8] {
        Array(
            """
            {"CallbackCommand":"OfficialAccount.CallbackAfterSendMsg","Official_Account":"@TOA#_\(channel)",\
            "MsgKey":"1_1_1767229200","MsgTime":1767229200,"OnlineOnlyFlag":0,"MsgBody":[{"MsgType":"TIMTextElem",\
            "MsgContent":{"Text":"Ferry 7 is delayed by 20 min"}}],"CloudCustomData":"","EventTime":1767229200090}
            """.utf8
        )
    }
}
