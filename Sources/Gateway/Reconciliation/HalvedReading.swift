import Chat
package import ChatProtocol

/// What the storage has of several, asked for at once.
///
/// A row that is damaged fails the whole transaction. What was wanted is read in halves then, and these in halves, until
/// the row is alone and everything else is read. When the storage fails otherwise, it would not answer any of many
/// questions either, and is asked once.
package struct HalvedReading<Wanted: Sendable, Found: Sendable>: Sendable {
    /// What was read together.
    package private(set) var parts: [(wanted: [Wanted], found: Found)] = []
    package private(set) var unread: [Wanted] = []
    /// Why something is unread.
    package private(set) var error: ChatError?

    package init(of wanted: [Wanted], by read: ([Wanted]) async throws(ChatError) -> Found) async {
        await add(wanted, by: read)
    }

    private mutating func add(_ wanted: [Wanted], by read: ([Wanted]) async throws(ChatError) -> Found) async {
        do throws(ChatError) {
            parts.append((wanted, try await read(wanted)))
        } catch {
            self.error = error
            guard error.isOfDamagedRows, wanted.count > 1 else { return unread += wanted }
            let middle = wanted.count / 2
            await add(Array(wanted[..<middle]), by: read)
            await add(Array(wanted[middle...]), by: read)
        }
    }
}
