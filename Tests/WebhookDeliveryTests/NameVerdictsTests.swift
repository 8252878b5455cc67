import Addresses
import NIOCore
import NIOPosix
import Synchronization
import Testing
import WebhookDelivery

/// Where names lead, and for how long that is believed.
@Suite struct NameVerdictsTests {
    /// Names, the addresses they lead to, how often each was asked for, and a clock.
    private final class Directory: Sendable {
        private let state: Mutex<(addresses: [String: [String]], asked: [String: Int], now: NIODeadline)>

        init(_ addresses: [String: [String]] = [:]) {
            state = Mutex((addresses, [:], .uptimeNanoseconds(0)))
        }

        func lookUp(_ name: String) -> [String] {
            state.withLock {
                $0.asked[name, default: 0] += 1
                return $0.addresses[name] ?? []
            }
        }

        func asked(_ name: String) -> Int { state.withLock { $0.asked[name] ?? 0 } }
        func move(_ name: String, to addresses: [String]) { state.withLock { $0.addresses[name] = addresses } }
        func advance(by amount: TimeAmount) { state.withLock { $0.now = $0.now + amount } }
        func now() -> NIODeadline { state.withLock { $0.now } }
    }

    private let eventLoop = MultiThreadedEventLoopGroup.singleton.any()

    private func verdicts(_ directory: Directory) -> NameVerdicts {
        NameVerdicts(policy: AddressPolicy(), lookUp: directory.lookUp, now: directory.now)
    }

    @Test(
        "one address that may be reached is enough",
        arguments: [
            (["8.8.8.8"], NameVerdicts.Verdict.permitted),
            (["10.0.0.1", "2400:cb00::1"], .permitted),
            (["10.0.0.1", "127.0.0.1"], .refused(address: "10.0.0.1")),
            ([], .notFound),
        ]
    )
    func judgement(addresses: [String], verdict: NameVerdicts.Verdict) async throws {
        let verdicts = verdicts(Directory(["backend.example": addresses]))

        #expect(try await verdicts.verdict(on: "backend.example", eventLoop: eventLoop).get() == verdict)
    }

    @Test("a verdict is believed for 5 s, then the name is asked for again")
    func lifetime() async throws {
        let directory = Directory(["backend.example": ["8.8.8.8"]])
        let verdicts = verdicts(directory)

        #expect(try await verdicts.verdict(on: "backend.example", eventLoop: eventLoop).get() == .permitted)
        directory.move("backend.example", to: ["127.0.0.1"])
        directory.advance(by: .nanoseconds(4_999_999_999))
        #expect(try await verdicts.verdict(on: "backend.example", eventLoop: eventLoop).get() == .permitted)
        #expect(directory.asked("backend.example") == 1)
        directory.advance(by: .nanoseconds(1))
        #expect(
            try await verdicts.verdict(on: "backend.example", eventLoop: eventLoop).get()
                == .refused(address: "127.0.0.1")
        )
        #expect(directory.asked("backend.example") == 2)
    }

    @Test("a name that is not found is not asked for again at once either")
    func misses() async throws {
        let directory = Directory()
        let verdicts = verdicts(directory)

        for _ in 0..<3 {
            #expect(try await verdicts.verdict(on: "nowhere.example", eventLoop: eventLoop).get() == .notFound)
        }

        #expect(directory.asked("nowhere.example") == 1)
    }

    @Test("however many names there were, any name still gets its verdict")
    func bounds() async throws {
        let directory = Directory()
        let verdicts = verdicts(directory)

        for number in 0...NameVerdicts.capacity {
            _ = try await verdicts.verdict(on: "\(number).example", eventLoop: eventLoop).get()
        }

        #expect(try await verdicts.verdict(on: "0.example", eventLoop: eventLoop).get() == .notFound)
        #expect(directory.asked("0.example") == 2)
    }
}
