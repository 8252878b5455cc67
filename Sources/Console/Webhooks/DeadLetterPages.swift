import Chat
import ChatProtocol
import Hummingbird

/// What waits to be delivered, and what was given up and can be sent again.
struct DeadLetterPages: Sendable {
    private let services: Services
    private var deliveries: Deliveries { services.systems.deliveries }
    /// Letters on a page, and channels whose events wait.
    private static let rows = 50
    private static let lanes = 20
    /// Further than this letters are not counted.
    private static let mostCounted = 10_000

    init(_ services: Services) {
        self.services = services
    }

    func add(to routes: Routes) {
        routes.get("apps/:app/webhooks/dead") { visit throws(ChatError) in .page(try await list(visit)) }
        routes.post("apps/:app/webhooks/dead/retry-all") { visit, _ throws(ChatError) in
            let application = try await visit.application()
            let count = try await deliveries.retryAll(of: application.id, by: visit.operation())
            let path = "\(WebhookPages.path(of: application))/dead"
            return count == 0 ? .redirect(path) : .done("webhooksRetried", path: path)
        }
        routes.post("apps/:app/webhooks/deliveries/:delivery/retry") { visit, _ throws(ChatError) in
            try await retry(visit)
        }
    }

    private struct List: Sendable {
        struct Lane: Sendable {
            let channel: String
            let waiting: Int64
            let failures: Int64
            let hasFailed: Bool
            let due: String
            let iso: String
        }

        struct Letter: Sendable {
            let delivery: String
            let path: String
            let died: String
            let iso: String
            let command: String
            let channel: String
            let attempts: Int64
            let reason: String
        }

        let tabs: [Shell.Link]
        let lead: String
        let path: String
        let lanes: [Lane]
        let hasMoreLanes: Bool
        let letters: [Letter]
        let hasLetters: Bool
        let count: String
        let question: String
        let next: String?
    }

    private func list(_ visit: Visit) async throws(ChatError) -> Page {
        let application = try await visit.application()
        let path = WebhookPages.path(of: application)
        let lanes = try await deliveries.backlog(of: application.id, limit: Self.lanes + 1)
        let letters = try await deliveries.deadLetters(
            of: application.id,
            newest: Self.rows,
            before: try visit.place("before", Self.place)
        )
        let counted = try await deliveries.countDeadLetters(of: application.id, atMost: Self.mostCounted + 1)
        let count = counted > Self.mostCounted ? "\(Self.mostCounted)+" : "\(counted)"
        let content = List(
            tabs: WebhookPages.tabs("dead", application, visit),
            lead: visit.texts["webhooks.deadLead", ["days": String(DeadLetters.lifetime / 86_400)]],
            path: path,
            lanes: lanes.prefix(Self.lanes).map {
                List.Lane(
                    channel: $0.channel,
                    waiting: $0.waiting,
                    failures: $0.failures,
                    hasFailed: $0.failures > 0,
                    due: $0.dueAt.shown,
                    iso: $0.dueAt.iso
                )
            },
            hasMoreLanes: lanes.count > Self.lanes,
            letters: letters.map { letter in
                List.Letter(
                    delivery: letter.call.delivery,
                    path: "\(path)/deliveries/\(letter.call.delivery.percentEncoded)",
                    died: letter.diedAt.shown,
                    iso: letter.diedAt.iso,
                    command: WebhookNames.short(letter.call.command),
                    channel: letter.channel,
                    attempts: letter.attempts,
                    reason: letter.reason
                )
            },
            hasLetters: counted > 0,
            count: count,
            question: visit.texts["webhooks.confirmRetryAll", ["count": count]],
            next: letters.count < Self.rows
                ? nil
                : letters.last.map {
                    "\(path)/dead?before=\($0.diedAt.milliseconds).\($0.call.delivery.percentEncoded)"
                }
        )
        return Page("webhook-dead", title: "webhooks.tabs.dead", content, of: application, section: "webhooks")
    }

    /// `MILLISECONDS.DELIVERY`; nil for anything else.
    private static func place(_ text: String) -> DeadLetters.Place? {
        let parts = text.split(separator: ".", maxSplits: 1)
        guard parts.count == 2, let diedAt = Int64(parts[0]) else { return nil }
        return DeadLetters.Place(diedAt: Timestamp(milliseconds: diedAt), delivery: String(parts[1]))
    }

    private func retry(_ visit: Visit) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        guard
            try await deliveries.retry(try visit.delivery(), of: application.id, by: visit.operation())
        else { return .problem(.notFound, "webhooks.noDelivery") }
        return .done("webhookRetried", path: "\(WebhookPages.path(of: application))/dead")
    }
}
