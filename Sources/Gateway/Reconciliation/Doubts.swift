import Synchronization

/// Users with a session that has heard of a change and cannot tell whether it is the newest: they are compared with the
/// storage before it is their turn.
final class Doubts: Sendable {
    private let accounts = Mutex<Set<AccountReference>>([])

    func add(_ account: AccountReference) {
        accounts.withLock { _ = $0.insert(account) }
    }

    func takeAll() -> Set<AccountReference> {
        accounts.withLock { accounts in
            defer { accounts = [] }
            return accounts
        }
    }
}
