import ArgumentParser
import Chat
import ChatProtocol
import Server

extension AppCommand {
    struct Set: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change an application; what is not given stays.",
            discussion: """
                A limit of the application's own goes before its plan's; NAME=plan takes it back. 0 means no limit.
                """
        )

        @OptionGroup var target: ApplicationTarget

        @Option(help: "Its name, for people.")
        var name: String?

        @Option(help: "Its plan.")
        var plan: Plan?

        @Flag(
            inversion: .prefixedEnableDisable,
            help: "Whether the application is served at all; disabled, every call answers 60016."
        )
        var serving: Bool?

        @Option(help: "Whether it has official channels; off, their commands answer 131000.")
        var channelService: Switch?

        @Option(
            help: ArgumentHelp(
                "When its channel service ends: a day (2027-01-31) or a moment (2027-01-31T12:00:00Z), UTC; or plan.",
                valueName: "TIME"
            )
        )
        var channelServiceExpires: ServiceEnd?

        @Option(
            parsing: .upToNextOption,
            help: ArgumentHelp("Limits of its own.", valueName: "NAME=VALUE")
        )
        var limits: [LimitAssignment] = []

        @Option(help: ArgumentHelp("Where its webhooks go; an empty text takes it away.", valueName: "URL"))
        var webhookURL: WebhookURLArgument?

        @Option(
            parsing: .upToNextOption,
            help: ArgumentHelp(
                "The webhooks that are on: full CallbackCommand names, all or none. What is not named is off then.",
                valueName: "NAME"
            )
        )
        var webhookEnable: [WebhookSelection] = []

        @Option(help: ArgumentHelp("The text that Sign is made with; an empty one leaves Sign out.", valueName: "TEXT"))
        var webhookToken: String?

        @Option(help: "What happens when a \"before\" webhook does not answer in 2 s.")
        var webhookTimeoutPolicy: WebhookSettings.TimeoutPolicy?

        @Option(help: "When an \"after\" webhook is sent again: after every failure, after a timeout only, never.")
        var webhookRetry: WebhookSettings.Retry?

        private var webhooks: WebhookChange {
            var change = WebhookChange()
            if let webhookURL { change.url = .some(webhookURL.url) }
            if !webhookEnable.isEmpty { change.commands = Swift.Set(webhookEnable.flatMap(\.commands)) }
            change.token = webhookToken
            change.timeoutPolicy = webhookTimeoutPolicy
            change.retry = webhookRetry
            return change
        }

        private var change: ApplicationChange {
            var change = ApplicationChange()
            change.name = name
            change.plan = plan
            change.isEnabled = serving
            change.channelServiceIsEnabled = channelService?.isOn
            if let end = channelServiceExpires { change.channelServiceExpiresAt = .some(end.moment) }
            for limit in limits { change.ownLimits[limit.name] = .some(limit.value) }
            change.webhooks = webhooks
            return change
        }

        func validate() throws {
            if webhookEnable.count > 1, webhookEnable.contains(where: \.commands.isEmpty) {
                throw ValidationError("--webhook-enable none stands alone: no webhook is on then.")
            }
            if change.isEmpty { throw ValidationError("Nothing to change was given.") }
        }

        func run() async throws {
            try await target.change { systems in
                try await systems.applications.update(target.id, change, by: systems.operation())
            }
        }
    }
}

/// The end of a service: a moment, or what the plan says.
struct ServiceEnd: ExpressibleByArgument {
    /// Nil for `plan`.
    let moment: Timestamp?

    init?(argument: String) {
        guard argument != "plan" else {
            moment = nil
            return
        }
        guard let moment = Timestamp(text: argument) else { return nil }
        self.moment = moment
    }
}
