import ChatProtocol
import RostrumClient
import RostrumTesting
import Synchronization
import Testing
import UserSig

@Suite("UserSigs of a client")
struct UserSigSourceTests {
    @Test("are made from the key, kept, and renewed 5 minutes before they expire")
    func renewal() async throws {
        try await ScriptedAPI.with([.success()], userSigs: .key("key", lifetimeSeconds: 3600)) { client, api in
            try await client.kick("anna")
            api.machine.advance(seconds: 3299)
            try await client.kick("anna")
            api.machine.advance(seconds: 1)
            try await client.kick("anna")

            let tokens = api.requests.compactMap { $0.parameter("usersig") }
            #expect(tokens.count == 3)
            #expect(tokens[0] == tokens[1])
            #expect(tokens[1] != tokens[2])
            let claims = try UserSig(decoding: tokens[2].replacing("%2A", with: "*"))
            #expect(claims.issuedAt == 1_767_225_600 + 3300)
            try claims.verify(
                sdkAppID: 88_888_888,
                identifier: "administrator",
                keys: ["key"],
                now: claims.issuedAt
            )
        }
    }

    @Test("are renewed at once when the server takes them no more, but only once in a call")
    func expired() async throws {
        try await ScriptedAPI.with([.failure(70001), .success()], userSigs: .counted()) { client, api in
            try await client.kick("anna")

            #expect(api.requests.map { $0.parameter("usersig") } == ["sig-1", "sig-2"])
            #expect(Set(api.requests.map { $0.header("idempotency-key") }).count == 1)
            #expect(api.machine.pauses.isEmpty)
        }
        try await ScriptedAPI.with([.failure(70001)], userSigs: .counted()) { client, api in
            #expect(await refused { try await client.kick("anna") }?.code.rawValue == 70001)
            #expect(api.requests.count == 2)
        }
    }

    @Test("are renewed though a call is made only once")
    func expiredInOneAttempt() async throws {
        let once: (inout AdminClient) -> Void = { $0.attempts = 1 }
        let steps: [ScriptedAPI.Step] = [.failure(70001), .success()]
        try await ScriptedAPI.with(steps, userSigs: .counted(), configure: once) { client, api in
            try await client.kick("anna")
            #expect(api.requests.map { $0.parameter("usersig") } == ["sig-1", "sig-2"])
        }
    }

    @Test("a source that fails is named as such, and asked again by the next call")
    func failingSource() async throws {
        struct NoVault: Error {}
        let isOpen = Mutex(false)
        let source = UserSigSource.supplied {
            guard isOpen.withLock({ $0 }) else { throw NoVault() }
            return "sig"
        }
        try await ScriptedAPI.with([.success()], userSigs: source) { client, api in
            await #expect {
                try await client.kick("anna")
            } throws: { error in
                guard case .noUserSig(let cause)? = error as? RostrumError else { return false }
                return cause is NoVault
            }
            isOpen.withLock { $0 = true }
            try await client.kick("anna")
            #expect(api.requests.count == 1)
        }
    }

    @Test("many calls at once ask the source once")
    func singleFlight() async throws {
        let asked = Mutex(0)
        let source = UserSigSource.supplied {
            asked.withLock { $0 += 1 }
            for _ in 0..<100 { await Task.yield() }
            return "sig"
        }
        try await ScriptedAPI.with([.success()], userSigs: source) { client, api in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { try await client.kick("anna") } }
                try await group.waitForAll()
            }
            #expect(asked.withLock { $0 } == 1)
            #expect(api.requests.count == 20)
        }
    }

    @Test("a call that is cancelled while another asks the source ends at once")
    func cancelledWaiter() async throws {
        let gate = Gate()
        let source = UserSigSource.supplied {
            await gate.wait()
            return "sig"
        }
        try await ScriptedAPI.with([.success()], userSigs: source) { client, api in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await client.kick("anna") }
                try await waitUntil("the source is asked") { gate.waiting == 1 }
                await withTaskGroup(of: Bool.self) { waiters in
                    waiters.addTask {
                        do throws(RostrumError) {
                            try await client.kick("bob")
                            return false
                        } catch {
                            guard case .cancelled = error else { return false }
                            return true
                        }
                    }
                    waiters.cancelAll()
                    #expect(await waiters.next() == true)
                }
                gate.open()
                try await group.waitForAll()
            }
            #expect(api.requests.count == 1)
        }
    }
}

extension UserSigSource {
    /// Gives `sig-1`, `sig-2` and so on.
    static func counted() -> UserSigSource {
        let counter = Counter()
        return .supplied { "sig-\(counter.next())" }
    }
}

/// Counts from 1.
final class Counter: Sendable {
    private let last = Mutex(0)

    func next() -> Int {
        last.withLock { last in
            last += 1
            return last
        }
    }
}

/// Holds up whoever comes until it is opened.
final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    var waiting: Int { state.withLock { $0.waiting.count } }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
