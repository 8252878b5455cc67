import ChatProtocol
import Synchronization

/// Tokens that were found good, by their whole text; bounded.
///
/// Two generations: when the young one is full it becomes the old one and what was not used since is dropped. A holder
/// can write one signature as many different tokens, so the bound is what keeps memory flat.
final class VerifiedTokens: Sendable {
    struct Entry: Sendable {
        let application: SDKAppID
        let identifier: UserID
        let token: VerifiedToken
        /// When the account's kicks were last looked up.
        let checkedAt: Timestamp

        /// Whether the token is good for a request in this name.
        func fits(_ identifier: UserID, _ application: Application) -> Bool {
            self.application == application.id && self.identifier == identifier
                && application.keys.contains { $0.text == token.key }
        }
    }

    /// How long an account's kicks need not be looked up again, in milliseconds.
    static let longestStaleness: Int64 = 5000

    /// Tokens that are longer are not remembered: what generators make is a fifth of it, and a holder of one signature
    /// can make as many long tokens of it as he likes.
    static let longestToken = 1024

    private struct Generations {
        /// How often something was forgotten; what was looked up before may not be remembered after.
        var changes = 0
        var young: [String: Entry] = [:]
        var old: [String: Entry] = [:]
    }

    private let generations = Mutex(Generations())
    private let generationCapacity: Int

    init(capacity: Int) {
        generationCapacity = max(1, capacity / 2)
    }

    /// The entry, unless it has expired or its account's kicks must be looked up again.
    func find(_ token: String, at now: Timestamp) -> Entry? {
        // Strings of ASCII are equal when their bytes are; others also when Swift takes them for the same text.
        guard token.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        return generations.withLock { generations in
            let entry: Entry
            if let young = generations.young[token] {
                entry = young
            } else if let old = generations.old.removeValue(forKey: token) {
                entry = old
                insert(token, old, into: &generations)
            } else {
                return nil
            }
            guard now < entry.token.expiresAt else {
                generations.young[token] = nil
                return nil
            }
            let age = now.milliseconds(since: entry.checkedAt)
            return (0..<Self.longestStaleness).contains(age) ? entry : nil
        }
    }

    /// How often something was forgotten until now.
    var changes: Int {
        generations.withLock { $0.changes }
    }

    /// - Parameter changes: as it was before the account's kicks were looked up.
    func remember(_ token: String, _ entry: Entry, unlessChangedSince changes: Int) {
        guard token.utf8.count <= Self.longestToken else { return }
        generations.withLock { generations in
            guard generations.changes == changes else { return }
            insert(token, entry, into: &generations)
        }
    }

    func forget(_ application: SDKAppID) {
        forget { $0.application == application }
    }

    func forget(_ identifiers: Set<UserID>, of application: SDKAppID) {
        forget { $0.application == application && identifiers.contains($0.identifier) }
    }

    var count: Int {
        generations.withLock { $0.young.count + $0.old.count }
    }

    private func forget(where isMeant: (Entry) -> Bool) {
        generations.withLock { generations in
            generations.changes += 1
            Self.forget(in: &generations.young, where: isMeant)
            Self.forget(in: &generations.old, where: isMeant)
        }
    }

    /// In place, so that a table keeps its room for the next tokens: one that shrinks and grows moves megabytes.
    private static func forget(in entries: inout [String: Entry], where isMeant: (Entry) -> Bool) {
        let tokens = entries.compactMap { isMeant($0.value) ? $0.key : nil }
        guard tokens.count < entries.count else { return entries.removeAll(keepingCapacity: true) }
        for token in tokens { entries[token] = nil }
    }

    private func insert(_ token: String, _ entry: Entry, into generations: inout Generations) {
        if generations.young.count >= generationCapacity, generations.young[token] == nil {
            swap(&generations.old, &generations.young)
            generations.young.removeAll(keepingCapacity: true)
        }
        generations.young[token] = entry
    }
}
