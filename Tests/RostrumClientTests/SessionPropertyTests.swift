import NIOCore
import RostrumClient
import RostrumTesting
import Synchronization
import Testing

@Suite("Sessions under random losses", .timeLimit(.minutes(5)))
struct SessionPropertyTests {
    private final class Shared: Sendable {
        let channels: Mutex<SimulatedChannels>
        init(_ channels: SimulatedChannels) { self.channels = Mutex(channels) }
    }

    @Test("see every event once, in order, whatever happens to their connections", arguments: 0..<20 as Range<UInt64>)
    func complete(seed: UInt64) async throws {
        let names = ["@TOA#_a", "@TOA#_b", "@TOA#_c"]
        let shared = Shared(SimulatedChannels(names, seed: seed))
        let total = 150
        let script: ScriptedGateway.Script = { peer, number in
            try await Self.serve(peer, number, shared, total)
        }
        try await ScriptedGateway.with(script) { gateway in
            var seen: [String: [Int64]] = [:]
            var configuration = gateway.configuration()
            configuration.bufferedEvents = 1 + Int(seed % 5)
            try await gateway.connect(configuration) { session in
                for try await event in session.events {
                    switch event {
                    case .message(let message): seen[message.channel, default: []].append(message.eventSeq)
                    case .revoked(let revocation): seen[revocation.channel, default: []].append(revocation.eventSeq)
                    case .subscribed: return
                    default: break
                    }
                }
            }
            let channels = shared.channels.withLock { $0 }
            for name in names { Self.check(seen[name] ?? [], channels.logs[name] ?? [], name, seed) }
        }
    }

    /// One connection: events come before, between and after the client's questions, until it is lost.
    private static func serve(_ peer: Peer, _ number: Int, _ shared: Shared, _ total: Int) async throws {
        func dice(_ sides: Int) -> Int { shared.channels.withLock { $0.dice(sides) } }
        func happen(_ times: Int, isTold: Bool = true) {
            for _ in 0..<times {
                let (channel, event) = shared.channels.withLock { $0.happen() }
                if isTold { peer.notify(event.method, event.text(in: channel)) }
            }
        }
        func resume() async throws {
            while true {
                let request = try await peer.request()
                let answer = shared.channels.withLock { $0.resume(request.params) }
                peer.answer(request, answer)
                guard answer.contains(#""more":true"#) else { return }
                happen(dice(2))
            }
        }

        happen(number == 0 ? 0 : dice(3))
        let heads = shared.channels.withLock { channels in channels.names.map { ($0, channels.head($0)) } }
        try await peer.welcome(heads)
        happen(dice(3))
        if number > 0 { try await resume() }
        while shared.channels.withLock({ $0.count }) < total {
            happen(dice(4))
            switch dice(5) {
            case 0:
                happen(dice(5), isTold: false)
                return try await peer.drop()
            case 1:
                peer.close(1011)
                happen(dice(5), isTold: false)
                return try await peer.untilLeft()
            case 2:
                happen(1 + dice(5), isTold: false)
                let heads = shared.channels.withLock { channels in
                    channels.names.map { #""\#($0)":{\#(Wire.position(channels.head($0)))}"# }
                }
                peer.notify("onLagging", "{\(heads.joined(separator: ","))}")
                try await resume()
            default:
                break
            }
        }
        // A last word, so that the client knows.
        peer.notify("onOfficialAccountSubscribed", Wire.item("@TOA#_end", at(0)))
        try await peer.untilLeft()
    }

    private static func check(
        _ seen: [Int64],
        _ log: [SimulatedChannels.Event],
        _ name: String,
        _ seed: UInt64
    ) {
        #expect(zip(seen, seen.dropFirst()).allSatisfy { $0 < $1 }, "out of order or twice: \(name), seed \(seed)")
        let recalled = SimulatedChannels.recalled(log)
        for event in log where !seen.contains(event.eventSeq) {
            // Only what no storage has, or what is to be shown no longer, may be missing.
            guard case .post(let seq, let isOnlineOnly) = event.kind, isOnlineOnly || recalled.contains(seq) else {
                Issue.record("\(name) \(event.eventSeq) is missing, seed \(seed)")
                continue
            }
        }
    }
}
