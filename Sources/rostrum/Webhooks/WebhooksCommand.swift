import Addresses
import ArgumentParser
import Chat
import ChatProtocol
import Server
import WebhookDelivery

struct WebhooksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks",
        abstract: "See what became of webhooks, and send again what was given up.",
        subcommands: [List.self, Show.self, Retry.self, Test.self]
    )
}

extension WebhooksCommand {
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what waits, what was given up (dead letters), and the newest attempts."
        )

        @OptionGroup var target: ApplicationTarget

        @Option(help: "At most so many of each.")
        var limit = 20

        func validate() throws {
            guard (1...10_000).contains(limit) else { throw ValidationError("--limit must be 1 to 10000.") }
        }

        func run() async throws {
            try await target.withApplication { application, systems in
                let overview = OverviewView(
                    waiting: try await systems.deliveries.backlog(of: application.id, limit: limit),
                    deadLetters: try await systems.deliveries.deadLetters(of: application.id, newest: limit),
                    attempts: try await systems.deliveries.log(of: application.id, newest: limit)
                )
                if target.json { return try printJSON(overview) }
                overview.lines.forEach(printLine)
            }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show one delivery: its attempts and, when it was given up, its body."
        )

        @OptionGroup var target: ApplicationTarget

        @Argument(help: ArgumentHelp("Its X-Rostrum-Delivery.", valueName: "DELIVERY"))
        var delivery: String

        func run() async throws {
            try await target.withApplication { application, systems in
                let (letter, attempts) = try await systems.deliveries.find(delivery, of: application.id)
                guard letter != nil || !attempts.isEmpty else {
                    throw StartError("application \(application.id) has no delivery \(delivery), or no longer")
                }
                let view = DeliveryView(letter, attempts)
                if target.json { return try printJSON(view) }
                view.lines.forEach(printLine)
            }
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send dead letters again, under their old delivery ids; a running server takes them up at once."
        )

        @OptionGroup var target: ApplicationTarget

        @Argument(help: ArgumentHelp("The X-Rostrum-Delivery of each.", valueName: "DELIVERY"))
        var deliveries: [String] = []

        @Flag(help: "Send all of them again.")
        var all = false

        func validate() throws {
            guard all != !deliveries.isEmpty else {
                throw ValidationError("Give the deliveries that are to be sent again, or --all.")
            }
        }

        func run() async throws {
            try await target.withApplication { application, systems in
                let operation = systems.operation()
                var count = 0
                if all {
                    count = try await systems.deliveries.retryAll(of: application.id, by: operation)
                }
                // All are looked for before the first one goes.
                for delivery in deliveries
                where try await systems.deliveries.find(delivery, of: application.id).letter == nil {
                    throw StartError("application \(application.id) has no dead letter \(delivery)")
                }
                for delivery in deliveries {
                    guard try await systems.deliveries.retry(delivery, of: application.id, by: systems.operation())
                    else { throw StartError("application \(application.id) has no dead letter \(delivery)") }
                    count += 1
                }
                if target.json { return try printJSON(["retried": count]) }
                printLine("\(count) to be sent again")
            }
        }
    }

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Send a test event (\(Webhooks.testCommand)) and print what came back.",
            discussion: "Ends with status 1 unless the backend answered with HTTP 200."
        )

        @OptionGroup var target: ApplicationTarget

        @Option(
            parsing: .upToNextOption,
            help: ArgumentHelp("Private addresses that it may reach all the same.", valueName: "CIDR")
        )
        var webhookAllow: [AddressRange] = []

        func run() async throws {
            let policy = AddressPolicy(allowing: webhookAllow)
            try await target.withApplication(webhookPolicy: policy) { application, systems in
                let attempt = try await systems.webhooks.test(application, by: systems.operation())
                let view = TestView(attempt)
                if target.json { try printJSON(view) } else { view.lines.forEach(printLine) }
                guard attempt.isDelivered else { throw ExitCode.failure }
            }
        }
    }
}
