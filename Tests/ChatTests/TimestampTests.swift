import Chat
import RostrumTesting
import Testing

@Suite struct TimestampTests {
    @Test(
        "seconds are rounded down, before 1970 too",
        arguments: [(0, 0), (1, 0), (999, 0), (1000, 1), (-1, -1), (-1000, -1), (-1001, -2)] as [(Int64, Int64)]
    )
    func seconds(milliseconds: Int64, seconds: Int64) {
        #expect(Timestamp(milliseconds: milliseconds).seconds == seconds)
    }

    @Test("the ends of the range have seconds", arguments: [Int64.min, .max])
    func secondsAtTheEnds(milliseconds: Int64) {
        let moment = Timestamp(milliseconds: milliseconds)

        #expect(moment.seconds == (milliseconds < 0 ? -9_223_372_036_854_776 : 9_223_372_036_854_775))
    }

    @Test("seconds that do not fit stop at the ends of the range")
    func secondsSaturate() {
        #expect(Timestamp(seconds: .max).milliseconds == .max)
        #expect(Timestamp(seconds: .min).milliseconds == .min)
        #expect(Timestamp(seconds: 9_223_372_036_854_775).milliseconds == 9_223_372_036_854_775_000)
        #expect(Timestamp(seconds: 9_223_372_036_854_776).milliseconds == .max)
    }

    @Test("moving on and back stops at the ends of the range")
    func advancingSaturates() {
        let now = ManualClock.start

        #expect(now.advanced(bySeconds: 60).seconds == now.seconds + 60)
        #expect(now.advanced(bySeconds: -60).seconds == now.seconds - 60)
        #expect(now.advanced(bySeconds: .max).milliseconds == .max)
        #expect(now.advanced(bySeconds: .min).milliseconds < 0)
        #expect(Timestamp(milliseconds: .min).advanced(bySeconds: -1).milliseconds == .min)
        #expect(Timestamp(milliseconds: .max).advanced(bySeconds: 1).milliseconds == .max)
    }

    @Test("the time between two moments stops at the ends of the range")
    func differencesSaturate() {
        let (first, last) = (Timestamp(milliseconds: .min), Timestamp(milliseconds: .max))

        #expect(Timestamp(milliseconds: 7).milliseconds(since: Timestamp(milliseconds: 10)) == -3)
        #expect(last.milliseconds(since: first) == .max)
        #expect(first.milliseconds(since: last) == .min)
        #expect(first.milliseconds(since: first) == 0)
    }

    @Test("moments are ordered")
    func order() {
        #expect(Timestamp(milliseconds: 1) < Timestamp(milliseconds: 2))
        #expect(!(Timestamp(milliseconds: 2) < Timestamp(milliseconds: 2)))
        #expect(Timestamp(seconds: 2) == Timestamp(milliseconds: 2000))
    }
}
