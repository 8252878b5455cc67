import ChatProtocol
import Database
import Gateway
import RostrumTesting
import Testing

/// What is read of many when some of it cannot be read.
@Suite struct HalvedReadingTests {
    private let wanted = Array(0..<100)

    private func fault(_ kind: DatabaseError.Kind) -> ChatError {
        .internalFault(DatabaseError(kind, "as the test says"))
    }

    @Test(
        "everything but the damaged rows is read, in its order and not one by one",
        arguments: [[], [0], [57], [99], [3, 4, 70]]
    )
    func damaged(rows: [Int]) async {
        var readings = 0
        let reading = await HalvedReading(of: wanted) { wanted throws(ChatError) in
            readings += 1
            guard rows.allSatisfy({ !wanted.contains($0) }) else { throw fault(.corrupt) }
            return wanted.map { $0 * 2 }
        }

        let healthy = wanted.filter { !rows.contains($0) }
        #expect(reading.parts.flatMap(\.wanted) == healthy)
        #expect(reading.parts.flatMap(\.found) == healthy.map { $0 * 2 })
        #expect(reading.unread == rows)
        #expect(reading.error?.isInternalFault == (rows.isEmpty ? nil : true))
        #expect(readings <= 1 + 14 * rows.count)
    }

    @Test("a storage that does not answer is asked once", arguments: [DatabaseError.Kind.unavailable, .busy])
    func unavailable(kind: DatabaseError.Kind) async {
        var readings = 0
        let reading = await HalvedReading(of: wanted) { _ throws(ChatError) -> [Int] in
            readings += 1
            throw fault(kind)
        }

        #expect(reading.parts.isEmpty)
        #expect(reading.unread == wanted)
        #expect(readings == 1)
    }
}
