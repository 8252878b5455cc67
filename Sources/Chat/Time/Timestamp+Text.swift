import FoundationEssentials

extension Timestamp {
    /// A moment as people write it, in UTC: a day (`2027-01-31`), which is its first moment, or `2027-01-31T12:00:00Z`.
    package init?(text: String) {
        let day = try? Date(text, strategy: .iso8601.year().month().day())
        guard let date = (try? Date(text, strategy: .iso8601)) ?? day else { return nil }
        self.init(seconds: Int64(date.timeIntervalSince1970))
    }
}
