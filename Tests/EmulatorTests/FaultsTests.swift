import AdminAPI
import ChatProtocol
import Emulator
import RostrumTesting
import Testing

/// Faults that wait for calls.
@Suite struct FaultsTests {
    /// Asks for faults at their door, in this order.
    private func withFaults(
        _ requests: String...,
        body: (TestEmulator) async throws -> Void
    ) async throws {
        try await withEmulator { emulator in
            for request in requests {
                let answer = try await emulator.open("POST", "/dev/faults", "{\(request)}")
                try #require(answer.status == 200, "\(answer.text)")
            }
            try await body(emulator)
        }
    }

    private func code(_ emulator: TestEmulator, _ command: String = "kick") async -> Int? {
        await emulator.log.fault(for: command)?.code.rawValue
    }

    @Test("a fault meets so many calls of its command, and no other")
    func times() async throws {
        try await withFaults(#""command":"kick","code":20005,"times":2"#) { emulator in
            #expect(await code(emulator, "account_check") == nil)
            #expect(await code(emulator) == 20005)
            #expect(emulator.faults.all.map(\.times) == [1])
            #expect(await code(emulator) == 20005)
            #expect(emulator.faults.all.isEmpty)
            #expect(await code(emulator) == nil)
        }
    }

    @Test("faults of one command come in the order in which they were asked for")
    func order() async throws {
        try await withFaults(
            #""command":"kick","code":20005"#,
            #""command":"account_check","code":10002"#,
            #""command":"kick","code":70500"#
        ) { emulator in
            #expect(await code(emulator) == 20005)
            #expect(await code(emulator) == 70500)
            #expect(await code(emulator, "account_check") == 10002)
        }
    }

    @Test("the text says that the fault was asked for, and what the code means")
    func text() async throws {
        try await withFaults(#""command":"kick","code":70398"#, #""command":"kick","code":120001"#) { emulator in
            let documented = try #require(await emulator.log.fault(for: "kick"))
            let own = try #require(await emulator.log.fault(for: "kick"))

            #expect(documented.info.contains("/dev/faults") && documented.info.contains("Number of accounts"))
            #expect(own.code.rawValue == 120_001 && own.info.contains("/dev/faults"))
            #expect(!documented.isInternalFault)
        }
    }

    @Test("a fault without a code lets the call go on")
    func withoutCode() async throws {
        try await withFaults(#""command":"kick""#) { emulator in
            #expect(await code(emulator) == nil)
            #expect(emulator.faults.all.isEmpty)
        }
    }

    @Test("clearing forgets all that wait")
    func clear() async throws {
        try await withFaults(#""command":"kick","code":20005"#, #""command":"account_check""#) { emulator in
            emulator.faults.clear()

            #expect(emulator.faults.all.isEmpty)
            #expect(await code(emulator) == nil)
        }
    }

    @Test("a call that waits out a delay is answered at once when the server stops")
    func delayIsCancelled() async throws {
        try await withFaults(#""command":"kick","code":20005,"delayMs":600000"#) { emulator in
            let log = emulator.log
            let answer = await withTaskGroup(of: ChatError?.self) { group in
                group.addTask { await log.fault(for: "kick") }
                group.cancelAll()
                return await group.next() ?? nil
            }

            #expect(answer?.code.rawValue == 20005)
        }
    }

    @Test("calls at the same moment use a fault up exactly")
    func concurrent() async throws {
        try await withFaults(#""command":"kick","code":20005,"times":30"#) { emulator in
            let log = emulator.log
            let met = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<100 { group.addTask { await log.fault(for: "kick") != nil } }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }

            #expect(met == 30)
            #expect(emulator.faults.all.isEmpty)
        }
    }
}
