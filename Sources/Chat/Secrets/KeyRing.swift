import Synchronization

/// The master keys that a process knows, the newest first.
///
/// A key that it comes to know later, because the file has it by then, is known from then on; none is forgotten, so that
/// whoever reads an older state of the storage can still open what it holds.
final class KeyRing: Sendable {
    private let known: Mutex<[MasterKey]>
    private let reread: @Sendable () -> MasterKeys?

    /// - Parameter reread: what the keys' source holds by now; nil when it cannot be read.
    init(_ keys: MasterKeys, reread: @escaping @Sendable () -> MasterKeys?) {
        known = Mutex(keys.all)
        self.reread = reread
    }

    var keys: [MasterKey] { known.withLock { $0 } }

    /// The first answer that a key gives, of those that are known or, when none of them gives one, of the source's.
    func first<Answer>(_ answer: (MasterKey) -> Answer?) -> Answer? {
        for key in keys {
            if let found = answer(key) { return found }
        }
        let tried = keys
        guard let read = reread()?.all.filter({ !tried.contains($0) }), !read.isEmpty else { return nil }
        known.withLock { known in known = read.filter { !known.contains($0) } + known }
        for key in read {
            if let found = answer(key) { return found }
        }
        return nil
    }
}
