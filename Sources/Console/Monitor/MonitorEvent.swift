import Observability
import ChatProtocol

/// What open pages are told: one event a second and one a minute, in the form of `text/event-stream`.
enum MonitorEvent {
    static func second(_ point: MonitorPoint) -> String { event("second", point) }

    static func minute(_ point: MonitorPoint) -> String { event("minute", point) }

    private static func event(_ name: String, _ point: MonitorPoint) -> String {
        let values = MonitorSeries.all.map { JSONObject.Member(name: $0.name, value: $0.value(point)) }
        let calls = point.calls.sorted { $0.key < $1.key }.map {
            JSONObject.Member(name: $0.key, value: .integer($0.value))
        }
        let object = JSONObject(
            [.init(name: "time", value: .integer(point.time))] + values
                + [.init(name: "calls", value: .object(JSONObject(calls)))]
        )
        return "event: \(name)\ndata: \(String(decoding: object.json, as: UTF8.self))\n\n"
    }
}

/// A line of a chart: what a point says of it, as a whole number.
///
/// Latencies are in microseconds, sizes of batches in hundredths; null where there is nothing of which to say it.
struct MonitorSeries: Sendable {
    let name: String
    let value: @Sendable (MonitorPoint) -> JSONValue

    static let all: [MonitorSeries] = [
        MonitorSeries(name: "connections") { .integer($0.connections) },
        MonitorSeries(name: "posts") { .integer($0.posts) },
        MonitorSeries(name: "written") { .integer($0.written) },
        MonitorSeries(name: "lagging") { .integer($0.lagging) },
        MonitorSeries(name: "delivered") { .integer($0.delivered) },
        MonitorSeries(name: "failed") { .integer($0.failed) },
        MonitorSeries(name: "latencyMedian") { parts(of: $0.latency.quantile(0.5), 1_000_000) },
        MonitorSeries(name: "latencyHigh") { parts(of: $0.latency.quantile(0.99), 1_000_000) },
        MonitorSeries(name: "commits") { .integer(Int64(clamping: $0.batches.count)) },
        MonitorSeries(name: "batchMean") { parts(of: $0.batches.mean, 100) },
        MonitorSeries(name: "batchHigh") { parts(of: $0.highBatch, 100) },
    ]

    /// A number in whole microseconds, hundredths and so on; null for what there is nothing of.
    private static func parts(of number: Double?, _ unit: Double) -> JSONValue {
        number.flatMap { Int64(exactly: ($0 * unit).rounded()) }.map { .integer($0) } ?? .null
    }
}

/// Points as a page takes them: a column for each line of its charts.
enum MonitorHistory {
    /// Codes that have a column of their own; all others share one.
    static let mostCodes = 6
    /// What calls of all other codes stand under.
    static let others = "others"

    static func object(_ points: [MonitorPoint], span: String) -> JSONObject {
        let columns = MonitorSeries.all.map { series in
            JSONObject.Member(name: series.name, value: .array(points.map(series.value)))
        }
        let totals = points.reduce(into: [String: Int64]()) { $0.merge($1.calls, uniquingKeysWith: +) }
        // Those called most, and by their text where they are equal.
        let codes = totals.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(mostCodes).map(\.key)
        var calls = codes.map { code in
            JSONObject.Member(name: code, value: .array(points.map { .integer($0.calls[code] ?? 0) }))
        }
        if totals.count > codes.count {
            let rest = points.map { point in point.calls.reduce(0) { codes.contains($1.key) ? $0 : $0 + $1.value } }
            calls.append(.init(name: others, value: .array(rest.map { .integer($0) })))
        }
        return [
            "span": .string(span),
            "time": .array(points.map { .integer($0.time) }),
            "series": .object(JSONObject(columns)),
            "calls": .object(JSONObject(calls)),
        ]
    }
}
