/// Names in the order of their bytes, in as little room as an archive of millions of accounts needs.
struct ArchivedNames: Sendable {
    private var bytes: [UInt8] = []
    /// Where each name ends in ``bytes``.
    private var ends: [Int] = []

    /// - Parameter name: one that stands behind all that are there.
    mutating func append(_ name: String) {
        bytes.append(contentsOf: name.utf8)
        ends.append(bytes.count)
    }

    func contains(_ name: String) -> Bool {
        var (low, high) = (0, ends.count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].lexicographicallyPrecedes(name.utf8) { low = middle + 1 } else { high = middle }
        }
        return low < ends.count && self[low].elementsEqual(name.utf8)
    }

    private subscript(position: Int) -> ArraySlice<UInt8> {
        bytes[(position == 0 ? 0 : ends[position - 1])..<ends[position]]
    }
}
