/// The numbers that came last.
struct RecentNumbers {
    static let most = 256

    private var numbers: [Int64] = []
    /// Where the next one goes once there are ``most``.
    private var oldest = 0

    func contains(_ number: Int64) -> Bool {
        numbers.contains(number)
    }

    mutating func insert(_ number: Int64) {
        guard numbers.count == Self.most else {
            numbers.append(number)
            return
        }
        numbers[oldest] = number
        oldest = (oldest + 1) % Self.most
    }
}
