import Chat
import Synchronization
import Testing

@Suite struct LineageWatchTests {
    @Test("every listener is told of each change, and of nothing else")
    func changes() {
        let watch = LineageWatch()
        let told = [Notes(), Notes()]
        for notes in told { watch.listen(notes.add) }
        #expect(watch.newest == nil)

        for lineage in [1, 1, 2, 2, 1] { watch.found(Int64(lineage)) }

        for notes in told { #expect(notes.all == [2, 1]) }
        #expect(watch.newest == 1)
    }

    private final class Notes: Sendable {
        private let list = Mutex<[Int64]>([])
        var all: [Int64] { list.withLock { $0 } }
        func add(_ lineage: Int64) { list.withLock { $0.append(lineage) } }
    }
}
