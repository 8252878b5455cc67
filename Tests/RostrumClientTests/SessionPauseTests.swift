import RostrumClient
import RostrumTesting
import Testing

@Suite("A session between its connections", .timeLimit(.minutes(5)))
struct SessionPauseTests {
    @Test("waits longer after each failure, be it one right after a login")
    func backoff() async throws {
        let script: ScriptedGateway.Script = { peer, number in
            if number % 2 == 1 { try await peer.welcome() }
            if number < 5 { peer.close(1011) } else { peer.post(1) }
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                let words = try await session.words(until: "m1")
                #expect(words.last == "m1")
            }
            Self.check(gateway.machine.pauses, [500, 1000, 2000, 4000, 8000])
        }
    }

    @Test("begins anew with its pauses after a connection that held")
    func backoffAfterGoodConnection() async throws {
        let gate = Gate()
        let script: ScriptedGateway.Script = { peer, number in
            if number < 2 {
                peer.close(1011)
            } else {
                try await peer.welcome()
                peer.post(1, in: "@TOA#_\(number)", event: 1)
                if number == 2 {
                    await gate.wait()
                    peer.close(1011)
                } else {
                    peer.post(2, in: "@TOA#_\(number)")
                }
            }
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                defer { gate.open() }
                _ = try await session.words(until: "m1")
                gateway.machine.clock.advance(by: .seconds(5))
                gate.open()
                _ = try await session.words(until: "m2")
            }
            Self.check(gateway.machine.pauses, [500, 1000, 500])
        }
    }

    @Test("does not log in without pause with a server that is content with no UserSig", arguments: [true, false])
    func repeatedRenewals(isTold: Bool) async throws {
        let script: ScriptedGateway.Script = { peer, number in
            try await peer.welcome()
            if number == 3 {
                peer.post(1)
            } else if isTold {
                peer.notify("onUserSigExpired", "{}")
            } else {
                peer.close(4401)
            }
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect { session in
                let words = try await session.words(until: "m1")
                #expect(words.last == "m1")
            }
            Self.check(gateway.machine.pauses, [500, 1000])
        }
    }

    /// - Parameter full: in milliseconds, what each pause is half to all of.
    private static func check(_ pauses: [Duration], _ full: [Int]) {
        #expect(pauses.count == full.count)
        for (pause, full) in zip(pauses, full) {
            #expect(pause >= .milliseconds(full / 2) && pause <= .milliseconds(full))
        }
    }

    @Test("waits no longer than the timeout for a UserSig, and does not ask twice at once")
    func slowSource() async throws {
        let gate = Gate()
        let asked = Counter()
        let source = UserSigSource.supplied {
            await gate.wait()
            return "sig-\(asked.next())"
        }
        let tokens = Kept<String>()
        let script: ScriptedGateway.Script = { peer, _ in
            tokens.add(peer.protocols.last ?? "")
            try await peer.welcome()
            peer.post(1)
            try await peer.untilLeft()
        }
        try await ScriptedGateway.with(script) { gateway in
            try await gateway.connect(gateway.configuration(userSigs: source)) { session in
                defer { gate.open() }
                let clock = gateway.machine.clock
                try await waitUntil("the source and the alarm wait", within: .seconds(10)) {
                    gate.waiting == 1 && clock.sleepers == 1
                }
                clock.advance(by: .seconds(10))
                var events = session.events.makeAsyncIterator()
                guard case .connection(.disconnected(let reason, _))? = try await events.next() else {
                    Issue.record("no disconnection")
                    return
                }
                #expect(reason == "no answer: no UserSig within 10.0 seconds")
                #expect(gate.waiting == 1)
                gate.open()
                let words = try await session.words(until: "m1")
                #expect(words.last == "m1")
            }
        }
        #expect(tokens.all == ["sig-1"])
    }

    @Test("can be left while its UserSig does not come")
    func leftWithoutUserSig() async throws {
        let gate = Gate()
        defer { gate.open() }
        let source = UserSigSource.supplied {
            await gate.wait()
            return "sig"
        }
        try await ScriptedGateway.with({ _, _ in }) { gateway in
            try await gateway.connect(gateway.configuration(userSigs: source)) { _ in
                try await waitUntil("the source waits") { gate.waiting == 1 }
            }
        }
        #expect(gate.waiting == 1)
    }
}
