import ChatProtocol
import RostrumClient
import RostrumTesting

/// Channels whose events come at random, and what a server would answer about them.
struct SimulatedChannels: Sendable {
    struct Event: Sendable {
        enum Kind: Sendable, Equatable {
            case post(seq: Int64, isOnlineOnly: Bool)
            case recall(of: Int64)
        }

        let eventSeq: Int64
        let kind: Kind

        func text(in channel: String) -> String {
            switch kind {
            case .post(let seq, let isOnlineOnly):
                Wire.message(seq, in: channel, event: eventSeq, isOnlineOnly: isOnlineOnly)
            case .recall(let seq):
                Wire.revocation(of: seq, event: eventSeq, in: channel)
            }
        }

        var method: String {
            switch kind {
            case .post: "onRecvNewMessage"
            case .recall: "onRecvMessageRevoked"
            }
        }
    }

    private(set) var logs: [String: [Event]]
    private let random: SeededRandom

    init(_ names: [String], seed: UInt64) {
        logs = Dictionary(uniqueKeysWithValues: names.map { ($0, []) })
        random = SeededRandom(seed: seed)
    }

    var names: [String] { logs.keys.sorted() }
    var count: Int { logs.values.reduce(0) { $0 + $1.count } }

    func dice(_ sides: Int) -> Int { Int(random.bytes(1)[0]) % sides }

    func head(_ channel: String) -> ChannelPosition {
        position(after: logs[channel] ?? [])
    }

    private func position(after events: [Event]) -> ChannelPosition {
        let seqs = events.map { event in
            guard case .post(let seq, _) = event.kind else { return Int64(0) }
            return seq
        }
        return ChannelPosition(epoch: "e", messageSeq: seqs.max() ?? 0, eventSeq: events.last?.eventSeq ?? 0)
    }

    /// Something happens in one of the channels.
    mutating func happen() -> (channel: String, event: Event) {
        let channel = names[dice(names.count)]
        let log = logs[channel] ?? []
        let posts = recallable(log)
        let kind: Event.Kind
        if dice(5) == 0, let recalled = posts.first {
            kind = .recall(of: recalled)
        } else {
            kind = .post(seq: position(after: log).messageSeq + 1, isOnlineOnly: dice(6) == 0)
        }
        let event = Event(eventSeq: Int64(log.count) + 1, kind: kind)
        logs[channel] = log + [event]
        return (channel, event)
    }

    private func recallable(_ log: [Event]) -> [Int64] {
        let recalled = Self.recalled(log)
        return log.compactMap { event in
            guard case .post(let seq, false) = event.kind, !recalled.contains(seq) else { return nil }
            return seq
        }
    }

    static func recalled(_ log: [Event]) -> Set<Int64> {
        Set(
            log.compactMap { event in
                guard case .recall(let seq) = event.kind else { return nil }
                return seq
            }
        )
    }

    /// The answer of `resume`, at most three events long for a channel.
    func resume(_ params: String) -> String {
        let asked = JSONValue(params).object?.members ?? []
        let answers = asked.map { member in
            #""\#(member.name)":\#(answer(member.name, from: member.value["EventSeq"]?.integer ?? 0))"#
        }
        return "{\(answers.joined(separator: ","))}"
    }

    private func answer(_ channel: String, from eventSeq: Int64) -> String {
        let log = logs[channel] ?? []
        let missing = log.dropFirst(Int(eventSeq))
        let page = missing.prefix(3)
        let recalled = Self.recalled(log)
        var posts: [String] = []
        var recalls: [String] = []
        for event in page {
            switch event.kind {
            case .post(let seq, let isOnlineOnly):
                if !isOnlineOnly, !recalled.contains(seq) { posts.append(event.text(in: channel)) }
            case .recall:
                recalls.append(event.text(in: channel))
            }
        }
        let end = position(after: Array(log.prefix(Int(eventSeq) + page.count)))
        return #"{"messages":[\#(posts.joined(separator: ","))],"revoked":[\#(recalls.joined(separator: ","))],"#
            + Wire.position(end) + (page.count < missing.count ? #","more":true}"# : "}")
    }
}
