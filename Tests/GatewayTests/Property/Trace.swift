import ChatProtocol
import RostrumTesting

/// The last things that a device did and heard, each with the milliseconds since the beginning.
struct Trace {
    private(set) var lines: [String] = []
    private let start = ContinuousClock.now

    mutating func note(_ what: String) {
        let milliseconds = Int((ContinuousClock.now - start) / .milliseconds(1))
        lines.append("\(milliseconds) \(what)")
        if lines.count > 600 { lines.removeFirst(200) }
    }
}

extension LiveClient.Arrival {
    /// A line of a trace, without what a message says.
    var summary: String {
        switch self {
        case .notification(let notification):
            let parameters = notification.parameters
            let numbers = ["MsgSeq", "EventSeq", "HeadMsgSeq"].map { parameters.number($0).map(String.init) ?? "-" }
            let lag = notification.method == "onLagging" ? JSONValue.object(parameters).canonicalText : ""
            return "\(notification.method) \(parameters.channel ?? "") \(numbers.joined(separator: "/")) \(lag)"
        case .answer(let id, .success(let result)): return "answer \(id) \(result.canonicalText.prefix(200))"
        case .answer(let id, .failure(let refusal)): return "refusal \(id) \(refusal)"
        case .other(let value): return "other \(value.canonicalText.prefix(200))"
        case .ended(let ending): return "ended \(ending)"
        }
    }
}
