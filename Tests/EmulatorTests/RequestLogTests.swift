import AdminAPI
import Chat
import ChatProtocol
import Emulator
import RostrumTesting
import Testing

/// The last calls, whole but for very long bodies.
@Suite struct RequestLogTests {
    private static func call(_ number: Int, body: [UInt8] = [], reply: [UInt8] = []) -> AnsweredCall {
        var call = AnsweredCall(requestID: "id-\(number)", method: "POST", path: "/v4/x/y", address: "127.0.0.1")
        (call.body, call.reply) = (body, reply)
        return call
    }

    @Test("calls stand in their order, the oldest first, each with its moment")
    func order() {
        let clock = ManualClock()
        let log = RequestLog(clock: clock, faults: Faults())

        log.answered(Self.call(1))
        clock.advance(seconds: 5)
        log.answered(Self.call(2))

        #expect(log.entries.map(\.call.requestID) == ["id-1", "id-2"])
        #expect(log.entries.map(\.time.seconds) == [ManualClock.start.seconds, ManualClock.start.seconds + 5])
    }

    @Test("calls are counted on, whatever is still kept, and found by their RequestId")
    func numbers() {
        let log = RequestLog(clock: ManualClock(), faults: Faults())

        for number in 1...1002 { log.answered(Self.call(number)) }

        #expect(log.count == 1002 && log.entries.first?.number == 3 && log.entries.last?.number == 1002)
        #expect(log.entry("id-1002")?.number == 1002)
        #expect(log.entry("id-2") == nil)
        log.clear()
        log.answered(Self.call(1003))
        #expect(log.entries.map(\.number) == [1003])
    }

    @Test("exactly the last thousand are kept", arguments: [999, 1000, 1001, 1999, 2000, 2001, 3500])
    func ring(count: Int) {
        let log = RequestLog(clock: ManualClock(), faults: Faults())

        for number in 1...count { log.answered(Self.call(number)) }

        let expected = (max(1, count - 999)...count).map { "id-\($0)" }
        #expect(log.entries.map(\.call.requestID) == expected)
    }

    @Test(
        "a long body and a long reply are cut and marked, others are whole",
        arguments: [0, 1, 16_383, 16_384, 16_385, 1_048_576]
    )
    func bodies(length: Int) {
        let log = RequestLog(clock: ManualClock(), faults: Faults())
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0) }

        log.answered(Self.call(1, body: bytes, reply: bytes.reversed()))

        #expect(log.entries.first?.call.body == Array(bytes.prefix(RequestLog.longestBody)))
        #expect(log.entries.first?.call.reply == Array(bytes.reversed().prefix(RequestLog.longestBody)))
        #expect(log.entries.first?.isCut == (length > 16_384))
    }

    @Test("one of the two that is too long is enough for the mark", arguments: [true, false])
    func oneIsCut(isBody: Bool) {
        let log = RequestLog(clock: ManualClock(), faults: Faults())
        let long = [UInt8](repeating: 0x78, count: RequestLog.longestBody + 1)

        log.answered(Self.call(1, body: isBody ? long : [], reply: isBody ? [] : long))

        #expect(log.entries.first?.isCut == true)
    }

    @Test("clearing empties it, and it fills again from the beginning")
    func clear() {
        let log = RequestLog(clock: ManualClock(), faults: Faults())
        for number in 1...1500 { log.answered(Self.call(number)) }

        log.clear()
        #expect(log.entries.isEmpty)
        log.answered(Self.call(1))

        #expect(log.entries.map(\.call.requestID) == ["id-1"])
    }
}
