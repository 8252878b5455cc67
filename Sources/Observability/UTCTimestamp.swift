/// Writes moments as `2026-11-24T12:34:56.789Z` with integer arithmetic only: a formatter would bring ICU and cost
/// more than the rest of the line.
package enum UTCTimestamp {
    /// The first moment of year 0 and the last of year 9999; others do not fit the form.
    private static let range: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999

    /// The moment as text.
    package static func text(_ millisecondsSinceEpoch: Int64) -> String {
        var bytes: [UInt8] = []
        append(millisecondsSinceEpoch, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the 24 bytes of `millisecondsSinceEpoch`, clamped to years of four digits.
    static func append(_ millisecondsSinceEpoch: Int64, to bytes: inout [UInt8]) {
        let clamped = min(max(millisecondsSinceEpoch, range.lowerBound), range.upperBound)
        let shifted = clamped - range.lowerBound  // from here on nothing is negative
        let (days, millisecondOfDay) = shifted.quotientAndRemainder(dividingBy: 86_400_000)
        let (year, month, day) = civil(daysSinceYearZero: Int(days))
        let (second, millisecond) = Int(millisecondOfDay).quotientAndRemainder(dividingBy: 1000)

        digits(year, count: 4, then: "-", to: &bytes)
        digits(month, count: 2, then: "-", to: &bytes)
        digits(day, count: 2, then: "T", to: &bytes)
        digits(second / 3600, count: 2, then: ":", to: &bytes)
        digits(second / 60 % 60, count: 2, then: ":", to: &bytes)
        digits(second % 60, count: 2, then: ".", to: &bytes)
        digits(millisecond, count: 3, then: "Z", to: &bytes)
    }

    /// Howard Hinnant's `civil_from_days`: years begin in March, so the leap day comes last and months follow a line.
    private static func civil(daysSinceYearZero: Int) -> (year: Int, month: Int, day: Int) {
        // 0000-01-01 is 60 days before 0000-03-01 (year 0 is leap); one era earlier keeps the count positive.
        let days = daysSinceYearZero - 60 + 146_097
        let (era, dayOfEra) = days.quotientAndRemainder(dividingBy: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return ((era - 1) * 400 + yearOfEra + (month <= 2 ? 1 : 0), month, day)
    }

    private static func digits(_ number: Int, count: Int, then separator: Unicode.Scalar, to bytes: inout [UInt8]) {
        var divisor = count == 4 ? 1000 : count == 3 ? 100 : 10
        while divisor > 0 {
            bytes.append(UInt8(truncatingIfNeeded: 0x30 + number / divisor % 10))
            divisor /= 10
        }
        bytes.append(UInt8(ascii: separator))
    }
}
