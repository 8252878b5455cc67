import Chat
import ChatProtocol
import Hummingbird

/// What became of webhooks: the log of attempts, and one delivery with all that is known of it.
struct DeliveryPages: Sendable {
    private let services: Services
    private var deliveries: Deliveries { services.systems.deliveries }
    /// Attempts on a page of the log.
    private static let rows = 50

    init(_ services: Services) {
        self.services = services
    }

    func add(to routes: Routes) {
        routes.get("apps/:app/webhooks/log") { visit throws(ChatError) in try await log(visit) }
        routes.get("apps/:app/webhooks/deliveries/:delivery") { visit throws(ChatError) in
            try await delivery(visit)
        }
    }

    // MARK: The log

    private struct Log: Sendable {
        struct Row: Sendable {
            let time: String
            let iso: String
            let path: String
            let command: String
            let channel: String
            let outcome: String
            let isDelivered: Bool
            let attempt: Int64
            let latency: Int64
        }

        let tabs: [Shell.Link]
        let lead: String
        let path: String
        let outcomes: [Choice]
        let commands: [Choice]
        let channel: String
        let isFiltered: Bool
        let rows: [Row]
        /// Where the log goes on; nil at its end.
        let next: String?
        let nextText: String
    }

    private func log(_ visit: Visit) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        let filter = Self.filter(visit)
        let found = try await deliveries.search(
            filter,
            before: try visit.place("before", Self.place),
            limit: Self.rows,
            of: application.id
        )
        let path = WebhookPages.path(of: application)
        let isFiltered = filter != DeliveryLog.Filter()
        let content = Log(
            tabs: WebhookPages.tabs("log", application, visit),
            lead: visit.texts["webhooks.logLead", ["days": String(DeliveryLog.lifetime / 86_400)]],
            path: "\(path)/log",
            outcomes: DeliveryLog.Filter.Outcome.allCases.map {
                Choice(value: $0.rawValue, text: visit.texts["webhooks.outcomes.\($0)"], isChosen: $0 == filter.outcome)
            },
            commands: Self.commands(filter.command),
            channel: filter.channel ?? "",
            isFiltered: isFiltered,
            rows: found.lines.map { Self.row($0, path) },
            next: found.next.map { Self.link(to: $0, filter, "\(path)/log") },
            nextText: found.lines.count == Self.rows
                ? visit.texts["shell.older"]
                : visit.texts["webhooks.searchOn", ["count": "\(found.searched)"]]
        )
        return .page(
            Page("webhook-log", title: "webhooks.tabs.log", content, of: application, section: "webhooks")
        )
    }

    private static func filter(_ visit: Visit) -> DeliveryLog.Filter {
        var filter = DeliveryLog.Filter()
        filter.outcome = DeliveryLog.Filter.Outcome(rawValue: visit.asked("outcome")) ?? .all
        filter.command = visit.asked("command").isEmpty ? nil : visit.asked("command")
        filter.channel = visit.asked("channel").isEmpty ? nil : visit.asked("channel")
        return filter
    }

    private static func commands(_ chosen: String?) -> [Choice] {
        (WebhookCommand.allCases.map(\.rawValue) + [Webhooks.testCommand]).map {
            Choice(value: $0, text: WebhookNames.short($0), isChosen: $0 == chosen)
        }
    }

    private static func row(_ line: DeliveryLog.Line, _ path: String) -> Log.Row {
        Log.Row(
            time: line.place.at.shown,
            iso: line.place.at.iso,
            path: "\(path)/deliveries/\(line.place.delivery.percentEncoded)",
            command: WebhookNames.short(line.command),
            channel: line.channel,
            outcome: line.outcome,
            isDelivered: line.isDelivered,
            attempt: line.place.attempt,
            latency: line.latencyMilliseconds
        )
    }

    /// `MILLISECONDS.ATTEMPT.DELIVERY`; nil for anything else.
    private static func place(_ text: String) -> DeliveryLog.Place? {
        let parts = text.split(separator: ".", maxSplits: 2)
        guard parts.count == 3, let at = Int64(parts[0]), let attempt = Int64(parts[1]) else { return nil }
        return DeliveryLog.Place(at: Timestamp(milliseconds: at), delivery: String(parts[2]), attempt: attempt)
    }

    private static func link(to place: DeliveryLog.Place, _ filter: DeliveryLog.Filter, _ path: String) -> String {
        var link = "\(path)?before=\(place.at.milliseconds).\(place.attempt).\(place.delivery.percentEncoded)"
        if filter.outcome != .all { link += "&outcome=\(filter.outcome.rawValue)" }
        if let command = filter.command { link += "&command=\(command.percentEncoded)" }
        if let channel = filter.channel { link += "&channel=\(channel.percentEncoded)" }
        return link
    }

    // MARK: One delivery

    private struct Delivery: Sendable {
        struct Attempt: Sendable {
            let number: Int64
            let isRemark: Bool
            let time: String
            let iso: String
            let outcome: String
            let isDelivered: Bool
            let latency: Int64
            let reply: String
            let hasReply: Bool
        }

        let tabs: [Shell.Link]
        let path: String
        let delivery: String
        let command: String
        let meaning: String
        let channel: String?
        let state: String
        let isGood: Bool
        let isBad: Bool
        let queued: String?
        let isDead: Bool
        let headers: String
        let body: String?
        let isCut: Bool
        let bodyCut: String
        let attempts: [Attempt]
        let replyHint: String
        let older: String?
        let newest: String?
    }

    private func delivery(_ visit: Visit) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        let delivery = try visit.delivery()
        let place = try visit.place("before") { text in Self.place("\(text).\(delivery)") }
        guard
            let trace = try await deliveries.trace(delivery, before: place, limit: Self.rows, of: application.id)
        else { return .problem(.notFound, "webhooks.noDelivery") }
        let path = "\(WebhookPages.path(of: application))/deliveries/\(delivery.percentEncoded)"
        let command = (trace.last ?? trace.attempts.last)?.command ?? trace.letter?.call.command ?? ""
        let isDelivered = trace.last?.isDelivered ?? false
        let state =
            trace.letter != nil ? "dead" : trace.waiting != nil ? "waiting" : isDelivered ? "delivered" : "failed"
        let content = Delivery(
            tabs: WebhookPages.tabs(trace.letter == nil ? "log" : "dead", application, visit),
            path: path,
            delivery: delivery,
            command: command,
            meaning: WebhookNames.meaning(command, visit.texts),
            channel: (trace.letter?.channel ?? trace.last?.channel)?.nonEmpty,
            state: visit.texts["webhooks.states.\(state)"],
            isGood: state == "delivered",
            isBad: state == "dead" || state == "failed",
            queued: (trace.letter?.queuedAt ?? trace.waiting?.queuedAt)?.shown,
            isDead: trace.letter != nil,
            headers: Self.headers(delivery, trace.last?.at),
            body: trace.request.map(PrettyJSON.text),
            isCut: trace.letter == nil && trace.waiting == nil
                && trace.request?.count == WebhookAttempt.longestRequestHead,
            bodyCut: visit.texts["webhooks.bodyCut", ["kilobytes": String(WebhookAttempt.longestRequestHead / 1024)]],
            attempts: trace.attempts.map { entry in
                Delivery.Attempt(
                    number: entry.attempt,
                    isRemark: entry.attempt == 0,
                    time: entry.at.shown,
                    iso: entry.at.iso,
                    outcome: entry.outcome,
                    isDelivered: entry.isDelivered,
                    latency: entry.latencyMilliseconds,
                    reply: String(decoding: entry.reply, as: UTF8.self),
                    hasReply: !entry.reply.isEmpty
                )
            },
            replyHint: visit.texts["webhooks.replyHint", ["length": String(WebhookAttempt.longestReplyHead)]],
            older: trace.older.map { "\(path)?before=\($0.at.milliseconds).\($0.attempt)#attempts" },
            newest: place == nil ? nil : "\(path)#attempts"
        )
        return .page(
            Page("webhook-delivery", title: "webhooks.delivery", content, of: application, section: "webhooks")
        )
    }

    /// What a receiver tells one delivery from another by; the signature is made anew for each attempt and not kept.
    private static func headers(_ delivery: String, _ at: Timestamp?) -> String {
        let time = at.map { "X-Rostrum-Timestamp: \($0.seconds)\n" } ?? ""
        return "Content-Type: application/json\nX-Rostrum-Delivery: \(delivery)\n\(time)X-Rostrum-Signature: v1=…"
    }
}

/// What pages call webhooks.
enum WebhookNames {
    /// Without what all have in common: `AfterSendMsg`.
    static func short(_ command: String) -> String {
        command.replacing("OfficialAccount.Callback", with: "")
    }

    /// A sentence on what a `CallbackCommand` tells.
    static func meaning(_ command: String, _ texts: Texts) -> String {
        WebhookCommand(rawValue: command).map { texts["webhooks.commands.\($0)"] } ?? texts["webhooks.commands.test"]
    }
}
