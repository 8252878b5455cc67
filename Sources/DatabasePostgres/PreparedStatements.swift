import CLibpq

/// The statements that a connection keeps prepared, by their text and the types of their values.
struct PreparedStatements {
    struct Key: Hashable {
        let text: String
        let types: [Oid]
    }

    private struct Entry {
        let name: String
        var lastUse: Int
    }

    private let capacity: Int
    private var entries: [Key: Entry] = [:]
    private var uses = 0
    private var names = 0

    init(capacity: Int) {
        self.capacity = max(1, capacity)
    }

    /// The statement's name, nil when it has none yet.
    mutating func name(of key: Key) -> String? {
        uses += 1
        guard let index = entries.index(forKey: key) else { return nil }
        entries.values[index].lastUse = uses
        return entries.values[index].name
    }

    /// Gives a statement a name that was never used.
    ///
    /// - Returns: the name, and that of the statement that has to go for it.
    mutating func add(_ key: Key) -> (name: String, forgotten: String?) {
        var forgotten: String?
        if entries.count >= capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            forgotten = oldest.value.name
            entries[oldest.key] = nil
        }
        names += 1
        let name = "s\(names)"
        entries[key] = Entry(name: name, lastUse: uses)
        return (name, forgotten)
    }

    /// The server did not take it.
    mutating func remove(_ key: Key) {
        entries[key] = nil
    }
}
