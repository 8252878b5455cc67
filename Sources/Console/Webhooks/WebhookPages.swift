import Chat
import ChatProtocol
import Hummingbird

/// An application's webhooks: their settings, a test, and how they go.
struct WebhookPages: Sendable {
    private let services: Services

    init(_ services: Services) {
        self.services = services
    }

    func add(to routes: Routes) {
        routes.get("apps/:app/webhooks") { visit throws(ChatError) in
            let application = try await visit.application()
            let form = WebhookForm(application.webhooks, visit.texts)
            return .page(try await page(visit, application, form))
        }
        routes.post("apps/:app/webhooks") { visit, form throws(ChatError) in try await change(visit, form) }
        routes.post("apps/:app/webhooks/test") { visit, _ throws(ChatError) in try await test(visit) }
        routes.post("apps/:app/webhooks/secret", by: .owner) { visit, _ throws(ChatError) in
            let application = try await visit.application()
            let secret = try await services.systems.applications.showWebhookSecret(
                of: application.id,
                by: visit.operation()
            )
            let content = Secret(tabs: Self.tabs("settings", application, visit), secret: secret)
            return .page(
                Page("webhook-secret", title: "webhooks.secret", content, of: application, section: "webhooks")
            )
        }
        routes.poll("apps/:app/webhooks/rate") { visit throws(ChatError) in
            let application = try await visit.application()
            return .response(.json(try await rate(application, visit.texts).json))
        }
        DeliveryPages(services).add(to: routes)
        DeadLetterPages(services).add(to: routes)
    }

    static func path(of application: Chat.Application) -> String { "\(Console.path)/apps/\(application.id)/webhooks" }

    /// The ways between the pages of webhooks.
    static func tabs(_ current: String, _ application: Chat.Application, _ visit: Visit) -> [Shell.Link] {
        [("settings", ""), ("log", "/log"), ("dead", "/dead")].map { name, path in
            Shell.Link(
                path: Self.path(of: application) + path,
                text: visit.texts["webhooks.tabs.\(name)"],
                isCurrent: name == current
            )
        }
    }

    // MARK: Settings

    private struct Content: Sendable {
        let tabs: [Shell.Link]
        let path: String
        let form: WebhookForm
        let hasURL: Bool
        let beforeHint: String
        let rate: Rate
        let longestURL: Int
        let longestToken: Int
    }

    private struct Secret: Sendable {
        let tabs: [Shell.Link]
        let secret: String
    }

    /// How attempts go, for the page and for the script that keeps it up to date.
    private struct Rate: Sendable {
        let attempts: Int
        let failures: Int
        let percent: Int
        let hint: String

        init(_ rate: DeliveryLog.FailureRate, _ texts: Texts) {
            (attempts, failures) = (rate.attempts, rate.failures)
            // Rounded up, so that one failure among many is not shown as none.
            percent = attempts == 0 ? 0 : (failures * 100 + attempts - 1) / attempts
            hint = texts["webhooks.rateHint", ["minutes": String(DeliveryLog.FailureRate.span / 60)]]
        }

        var json: JSONObject {
            [
                "attempts": .integer(Int64(attempts)), "failures": .integer(Int64(failures)),
                "percent": .integer(Int64(percent)),
            ]
        }
    }

    private func rate(_ application: Chat.Application, _ texts: Texts) async throws(ChatError) -> Rate {
        Rate(try await services.systems.deliveries.failureRate(of: application.id), texts)
    }

    private func page(
        _ visit: Visit,
        _ application: Chat.Application,
        _ form: WebhookForm,
        problem: ChatError? = nil
    ) async throws(ChatError) -> Page {
        let content = Content(
            tabs: Self.tabs("settings", application, visit),
            path: Self.path(of: application),
            form: form,
            hasURL: application.webhooks.url != nil,
            beforeHint: visit.texts[
                "webhooks.beforeHint",
                ["seconds": String(WebhookRequest.timeout.components.seconds)]
            ],
            rate: try await rate(application, visit.texts),
            longestURL: WebhookURL.longest,
            longestToken: WebhookSettings.longestToken
        )
        return Page(
            "webhooks",
            title: "webhooks.title",
            content,
            of: application,
            section: "webhooks",
            problem: problem
        )
    }

    private func change(_ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        let (application, texts) = (try await visit.application(), visit.texts)
        let applications = services.systems.applications
        do throws(ChatError) {
            try await applications.update(application.id, by: visit.operation()) { present throws(ChatError) in
                try WebhookForm.change(form, of: present.webhooks, texts)
            }
            return .done("webhooksChanged", path: Self.path(of: application))
        } catch {
            guard error.isChangedMeanwhile, let present = try await applications.load(application.id) else {
                let typed = WebhookForm(form, application.webhooks, texts)
                return .page(try await page(visit, application, typed, problem: error))
            }
            var page = try await page(visit, present, WebhookForm(present.webhooks, texts), problem: error)
            page.unsaved = WebhookForm.unsaved(form, of: present.webhooks, texts)
            return .page(page)
        }
    }

    private func test(_ visit: Visit) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        do throws(ChatError) {
            let attempt = try await services.systems.webhooks.test(application, by: visit.operation())
            let path = "\(Self.path(of: application))/deliveries/\(attempt.delivery)"
            return attempt.isDelivered ? .done("webhookTested", path: path) : .redirect(path)
        } catch {
            let form = WebhookForm(application.webhooks, visit.texts)
            return .page(try await page(visit, application, form, problem: error))
        }
    }
}
