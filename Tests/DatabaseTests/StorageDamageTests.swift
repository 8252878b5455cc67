import Database
import Synchronization
import Testing

/// What is remembered of damage, and who is told.
@Suite struct StorageDamageTests {
    private let damage = StorageDamage()
    private let told = Told()

    private func listen() {
        damage.listen { [told] error in told.messages.withLock { $0.append(error.message) } }
    }

    @Test("the first damage is told once and kept; other faults are none", arguments: DatabaseError.Kind.allCases)
    func first(kind: DatabaseError.Kind) {
        listen()
        damage.note(DatabaseError(kind, "first"))
        damage.note(DatabaseError(kind, "second"))

        #expect(damage.found?.message == (kind == .corrupt ? "first" : nil))
        #expect(told.messages.withLock { $0 } == (kind == .corrupt ? ["first"] : []))
    }

    @Test("whether writing ends with it is the engine's affair", arguments: [true, false])
    func endOfWriting(ends: Bool) {
        let damage = StorageDamage(endsWriting: ends)
        damage.note(DatabaseError(.full, "no room"))
        #expect(!damage.hasEndedWriting)
        damage.note(DatabaseError(.corrupt, "first"))
        #expect(damage.hasEndedWriting == ends)
    }

    @Test("who listens later is told at once")
    func later() {
        damage.note(DatabaseError(.corrupt, "first"))
        listen()

        #expect(told.messages.withLock { $0 } == ["first"])
    }
}

private final class Told: Sendable {
    let messages = Mutex<[String]>([])
}
