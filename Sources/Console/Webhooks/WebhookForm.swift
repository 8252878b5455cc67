import Chat
import ChatProtocol

/// The settings of an application's webhooks, as the form shows them and sends them.
struct WebhookForm: Sendable {
    struct Switch: Sendable {
        let name: String
        let command: String
        let text: String
        let isOn: Bool
    }

    let edition: String
    let url: String
    let before: [Switch]
    let after: [Switch]
    let hasToken: Bool
    let removesToken: Bool
    let policies: [Choice]
    let retries: [Choice]

    /// As they are.
    init(_ settings: WebhookSettings, _ texts: Texts) {
        self.init(
            edition: settings.edition.text,
            url: settings.url?.rawValue ?? "",
            commands: settings.commands,
            hasToken: !settings.token.isEmpty,
            removesToken: false,
            policy: settings.timeoutPolicy.rawValue,
            retry: settings.retry.rawValue,
            texts
        )
    }

    /// As they were typed; a token is not shown again.
    init(_ form: Form, _ settings: WebhookSettings, _ texts: Texts) {
        self.init(
            edition: form[Edition.field],
            url: form["url"],
            commands: Self.commands(form),
            hasToken: !settings.token.isEmpty,
            removesToken: form.isOn("removeToken"),
            policy: form["policy"],
            retry: form["retry"],
            texts
        )
    }

    private init(
        edition: String,
        url: String,
        commands: Set<WebhookCommand>,
        hasToken: Bool,
        removesToken: Bool,
        policy: String,
        retry: String,
        _ texts: Texts
    ) {
        (self.edition, self.url) = (edition, url)
        (self.hasToken, self.removesToken) = (hasToken, removesToken)
        let switches = WebhookCommand.allCases.map { command in
            Switch(
                name: Self.field(of: command),
                command: command.rawValue,
                text: texts["webhooks.commands.\(command)"],
                isOn: commands.contains(command)
            )
        }
        before = zip(WebhookCommand.allCases, switches).filter { $0.0.isBefore }.map(\.1)
        after = zip(WebhookCommand.allCases, switches).filter { !$0.0.isBefore }.map(\.1)
        policies = WebhookSettings.TimeoutPolicy.allCases.map {
            Choice(value: $0.rawValue, text: texts["webhooks.policies.\($0)"], isChosen: $0.rawValue == policy)
        }
        retries = WebhookSettings.Retry.allCases.map {
            Choice(value: $0.rawValue, text: Self.words($0, texts), isChosen: $0.rawValue == retry)
        }
    }

    /// What a way of retrying is called.
    private static func words(_ retry: WebhookSettings.Retry, _ texts: Texts) -> String {
        let (hours, times) = (RetrySchedule.patience / 3600, RetrySchedule.timeoutRetries)
        return texts["webhooks.retries.\(retry)", ["hours": String(hours), "times": String(times)]]
    }

    private static func field(of command: WebhookCommand) -> String { "on.\(command)" }

    private static func commands(_ form: Form) -> Set<WebhookCommand> {
        Set(WebhookCommand.allCases.filter { form.isOn(field(of: $0)) })
    }

    /// What a form that was sent shall change.
    ///
    /// - Throws: that somebody else has changed the settings since the form was shown; 70402 when the URL breaks its rule,
    ///   or a choice is none.
    static func change(
        _ form: Form,
        of settings: WebhookSettings,
        _ texts: Texts
    ) throws(ChatError) -> ApplicationChange {
        try form.demand(settings.edition, texts)
        var change = ApplicationChange()
        if form["url"].isEmpty {
            change.webhooks.url = .some(nil)
        } else {
            guard let url = WebhookURL(rawValue: form["url"]) else {
                throw ChatError(.accountParameterInvalid, "The URL must be \(WebhookURL.rule).")
            }
            change.webhooks.url = url
        }
        change.webhooks.commands = commands(form)
        if form.isOn("removeToken") {
            change.webhooks.token = ""
        } else if !form.raw("token").isEmpty {
            change.webhooks.token = form.raw("token")
        }
        change.webhooks.timeoutPolicy = try choice(form["policy"], "The timeout policy")
        change.webhooks.retry = try choice(form["retry"], "The retry")
        return change
    }

    /// What was sent otherwise than the settings are.
    static func unsaved(_ form: Form, of settings: WebhookSettings, _ texts: Texts) -> [Unsaved] {
        let switches = WebhookCommand.allCases.map { command in
            (
                texts["webhooks.commands.\(command)"], texts[yesOrNo: form.isOn(field(of: command))],
                texts[yesOrNo: settings.commands.contains(command)]
            )
        }
        let policy = settings.timeoutPolicy.rawValue
        return Unsaved.among(
            [(texts["webhooks.url"], form["url"], settings.url?.rawValue ?? "")] + switches + [
                (
                    texts["webhooks.policy"], texts["webhooks.policies.\(form["policy"])"],
                    texts["webhooks.policies.\(policy)"]
                ),
                (
                    texts["webhooks.retry"],
                    WebhookSettings.Retry(rawValue: form["retry"]).map { words($0, texts) } ?? "",
                    words(settings.retry, texts)
                ),
            ]
        )
    }

    private static func choice<Value: RawRepresentable<String> & CaseIterable>(
        _ text: String,
        _ what: String
    ) throws(ChatError) -> Value {
        guard let value = Value(rawValue: text) else {
            let allowed = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw ChatError(.accountParameterInvalid, "\(what) must be one of \(allowed).")
        }
        return value
    }
}

extension WebhookSettings {
    /// Of what the form shows: of the token only whether there is one.
    fileprivate var edition: Edition {
        Edition(
            [
                url?.rawValue ?? "", commands.map(\.rawValue).sorted().joined(separator: " "), timeoutPolicy.rawValue,
                retry.rawValue, token.isEmpty ? "no" : "yes",
            ]
        )
    }
}
