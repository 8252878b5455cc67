import ChatProtocol
import Database
import RostrumTesting

/// Calls a database from many tasks and knows when each has been called.
///
/// An engine's `write` runs on its caller's actor up to the point where it waits; when this actor is free again, the
/// call is with the engine.
actor Submission {
    private(set) var calls = 0

    func write(
        to database: any Database,
        _ body: @escaping @Sendable (any Transaction) throws(ChatError) -> Void
    ) async -> ChatError? {
        calls += 1
        return await refusal { try await database.write(body) }
    }

    /// For who calls in another way.
    func noteCall() { calls += 1 }

    func wait(forCalls count: Int) async {
        while calls < count { await Task.yield() }
    }
}

/// Makes one write for each of `ids` while the one writer is busy, so that it finds them waiting together.
///
/// - Returns: what became of each, in order; nil is success.
func writeTogether(
    in database: any Database,
    _ ids: ClosedRange<Int64>,
    _ body: @escaping @Sendable (any Transaction, Int64) throws(ChatError) -> Void
) async -> [ChatError?] {
    let (held, submission) = (HeldTransaction(), Submission())
    return await withTaskGroup(of: (Int64, ChatError?)?.self) { group in
        group.addTask {
            _ = await refusal { try await database.write { _ in held.hold() } }
            return nil
        }
        await held.waitUntilBegun()
        for id in ids {
            group.addTask {
                (id, await submission.write(to: database) { tx throws(ChatError) in try body(tx, id) })
            }
        }
        await submission.wait(forCalls: ids.count)
        held.goOn()

        var outcomes: [Int64: ChatError] = [:]
        for await outcome in group { if let (id, error) = outcome { outcomes[id] = error } }
        return ids.map { outcomes[$0] }
    }
}
