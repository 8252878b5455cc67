import Web
import Chat
import ChatProtocol
import HTTPTypes
import Hummingbird
import NIOCore
import Observability

/// What this node does, as numbers and as charts that update by themselves.
struct MonitorPages: Sendable {
    private let services: Services
    private var monitor: Monitor { services.monitor }

    init(_ services: Services) {
        self.services = services
    }

    func add(to routes: Routes) {
        routes.get("monitor") { visit throws(ChatError) in .page(page(visit)) }
        routes.poll("monitor/numbers") { visit throws(ChatError) in numbers(visit) }
        routes.poll("monitor/history") { visit throws(ChatError) in history(visit) }
        routes.poll("monitor/stream") { visit throws(ChatError) in stream(visit) }
    }

    // MARK: The page

    private struct Content: Sendable {
        let charts: [Chart]
        let rows: [Row]
        let isEmpty: Bool
    }

    /// What the script draws from.
    private struct Chart: Sendable {
        let name: String
        let title: String
        let unit: String
        /// What the numbers are divided by.
        let scale: Int
        let lines: [Line]

        struct Line: Sendable {
            let series: String
            let label: String
        }
    }

    private struct Row: Sendable {
        let name: String
        let second: String
        let minute: String
        let tenMinutes: String
    }

    private func page(_ visit: Visit) -> Page {
        let points = monitor.lastSeconds
        let content = Content(
            charts: Self.charts(visit.texts),
            rows: rows(points, visit.texts),
            isEmpty: points.isEmpty
        )
        return Page("monitor", title: "monitor.title", content, section: "monitor")
    }

    private static func charts(_ texts: Texts) -> [Chart] {
        func chart(_ name: String, unit: String = "", scale: Int = 1, _ series: String...) -> Chart {
            Chart(
                name: name,
                title: texts["monitor.\(name)"],
                unit: unit,
                scale: scale,
                lines: series.map { Chart.Line(series: $0, label: texts["monitor.series.\($0)"]) }
            )
        }
        return [
            chart("connections", "connections"),
            chart("posts", "posts"),
            chart("deliveries", "written", "lagging"),
            // A line for each code, which the script finds in what it is sent.
            chart("calls"),
            chart("attempts", "delivered", "failed"),
            chart("latency", unit: "ms", scale: 1000, "latencyMedian", "latencyHigh"),
            chart("commits", "commits"),
            chart("batches", scale: 100, "batchMean", "batchHigh"),
        ]
    }

    private func rows(_ points: [MonitorPoint], _ texts: Texts) -> [Row] {
        let spans = [1, 60, Monitor.seconds].map { Self.sum(points.suffix($0)) }
        func row(_ name: String, _ value: (MonitorPoint) -> String) -> Row {
            let values = spans.map { $0.map(value) ?? "–" }
            return Row(name: name, second: values[0], minute: values[1], tenMinutes: values[2])
        }
        let codes = Set(points.flatMap(\.calls.keys)).sorted { (Int($0) ?? .max, $0) < (Int($1) ?? .max, $1) }
        return [
            row(texts["monitor.connections"]) { "\($0.connections)" },
            row(texts["monitor.posts"]) { "\($0.posts)" },
            row(texts["monitor.series.written"]) { "\($0.written)" },
            row(texts["monitor.series.lagging"]) { "\($0.lagging)" },
        ]
            + codes.map { code in
                row(texts["monitor.callsWith", ["code": code]]) { "\($0.calls[code] ?? 0)" }
            } + [
                row(texts["monitor.series.delivered"]) { "\($0.delivered)" },
                row(texts["monitor.series.failed"]) { "\($0.failed)" },
                row(texts["monitor.series.latencyMedian"]) { Self.milliseconds($0.latency.quantile(0.5)) },
                row(texts["monitor.series.latencyHigh"]) { Self.milliseconds($0.latency.quantile(0.99)) },
                row(texts["monitor.commits"]) { "\($0.batches.count)" },
                row(texts["monitor.series.batchMean"]) { Self.shown($0.batches.mean) },
                row(texts["monitor.series.batchHigh"]) { Self.shown($0.highBatch) },
            ]
    }

    private static func sum(_ points: ArraySlice<MonitorPoint>) -> MonitorPoint? {
        guard var sum = points.first else { return nil }
        for point in points.dropFirst() { sum.add(point) }
        return sum
    }

    private static func milliseconds(_ seconds: Double?) -> String {
        seconds.map { shown($0 * 1000) + " ms" } ?? "–"
    }

    /// With one digit behind the point.
    private static func shown(_ number: Double?) -> String {
        number.map { "\(($0 * 10).rounded() / 10)" } ?? "–"
    }

    // MARK: What the script asks for

    /// The rows of the table as they are now.
    private func numbers(_ visit: Visit) -> Answer {
        let rows = rows(monitor.lastSeconds, visit.texts).map { row in
            JSONValue.array([row.name, row.second, row.minute, row.tenMinutes].map { .string($0) })
        }
        return .response(.json(["rows": .array(rows)]))
    }

    private func history(_ visit: Visit) -> Answer {
        let span = visit.asked("span")
        let points: [MonitorPoint]
        switch span {
        case "10m": points = monitor.lastSeconds
        case "1d": points = monitor.lastMinutes
        default: return .response(.plain(.badRequest, "span is 10m or 1d\n"))
        }
        return .response(.json(MonitorHistory.object(points, span: span)))
    }

    private func stream(_ visit: Visit) -> Answer {
        guard monitor.hasRoom else {
            return .response(.plain(.serviceUnavailable, "as many pages show the monitor as may\n"))
        }
        let (monitor, session, operators) = (monitor, visit.session, services.systems.operators)
        // A page is counted from here on and not before: the answer to HEAD has the head of this one and no body.
        let body = ResponseBody { writer in
            if let reader = monitor.open() {
                defer { monitor.leave(reader) }
                try await Self.write(reader, to: writer) {
                    // A fault of the storage is no reason to send a page away.
                    (try? await operators.isOpen(session)) ?? true
                }
            }
            try await writer.finish(nil)
        }
        return .response(
            Response(
                status: .ok,
                headers: [
                    .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store",
                    // Proxies that gather answers would hold the events back.
                    .xAccelBuffering: "no",
                ],
                body: body
            )
        )
    }

    /// After how many seconds it is asked again whether a page's session goes on.
    private static let secondsBetweenChecks = 5

    /// Writes what a reader is told until the monitor lets go of it, or its session ends.
    private static func write(
        _ reader: Monitor.Reader,
        to writer: any ResponseBodyWriter,
        while isSignedIn: @escaping @Sendable () async -> Bool
    ) async throws {
        let lent = LentWriter(writer: writer)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var writer = lent.writer
                try await writer.write(ByteBuffer(string: "retry: 3000\n\n"))
                var count = 0
                for await events in reader.events {
                    count += 1
                    if count.isMultiple(of: secondsBetweenChecks), await !isSignedIn() { return }
                    try await writer.write(events)
                }
            }
            group.addTask { for await _ in reader.end {} }
            _ = try await group.next()
            // A write to who does not read takes for ever; this ends it, and what it throws ends the connection.
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}

/// A writer for one task to use, while whoever lent it does nothing but wait for that task.
private struct LentWriter: @unchecked Sendable {
    let writer: any ResponseBodyWriter
}
