package import ChatProtocol
package import Database
import Synchronization

/// A PostgreSQL database as a ``Database``: lanes that write in groups, and a pool of connections that read.
///
/// Any number of nodes may work on one database. Writes of one application take their turn by an advisory lock of the
/// application, and are told apart from those of other installations in the same database by their schema.
package final class PostgresDatabase: Database {
    private let lanes: [GroupQueue<WriteOperation>]
    private let reads: GroupQueue<ReadOperation>
    private let sessions: [Session]
    private let timeline: Timeline
    /// What the server said of itself when it was first connected to.
    package let server: ServerFacts

    package struct ServerFacts: Sendable {
        /// As `server_version_num` has it: 150004 is 15.4.
        package let version: Int64
        /// False where `fsync` is off: what is committed survives the server's death, but not the machine's.
        package let isDurable: Bool
    }

    /// Connects, so that what is wrong with the connection string or the server is known at once.
    ///
    /// - Throws: an internal fault caused by a ``DatabaseError`` that names host and database.
    package init(_ target: ConnectionString, configuration: Configuration = Configuration()) throws(ChatError) {
        let timeline = Timeline(configuration.onTimeline)
        self.timeline = timeline
        let writers = (0..<max(1, configuration.lanes)).map { _ in Session(target, configuration, timeline) }
        let readers = (0..<max(1, configuration.readers)).map { _ in Session(target, configuration, timeline) }
        lanes = writers.enumerated().map { number, session in
            let lane = WriteLane(session: session, configuration: configuration)
            return GroupQueue(
                label: "rostrum.postgres.writer.\(number)",
                workers: 1,
                largestGroup: configuration.largestGroup,
                work: lane.run
            )
        }
        let pool = ReadPool(readers)
        reads = GroupQueue(
            label: "rostrum.postgres.reader",
            workers: readers.count,
            largestGroup: 32,
            work: pool.run
        )
        sessions = writers + readers
        do throws(DatabaseError) {
            server = try writers[0].open()
        } catch {
            throw .internalFault(error)
        }
    }

    package func enqueue(_ operation: ReadOperation) {
        reads.add(operation)
    }

    package func enqueue(_ operation: WriteOperation) {
        lanes[lane(of: operation.turn)].add(operation)
    }

    /// Always the same for one turn, so that its operations are committed, and told of, in their order.
    private func lane(of turn: Turn) -> Int {
        guard case .application(let id) = turn else { return 0 }
        // Multiplied by the golden ratio, so that numbers given one after the other do not meet in one lane.
        return Int((UInt64(id.rawValue) &* 0x9E37_79B9_7F4A_7C15) >> 33) % lanes.count
    }

    /// The server's timeline.
    package var lineage: Int64 { timeline.current }

    package func close() async {
        for lane in lanes { await lane.close() }
        await reads.close()
        for session in sessions { session.close() }
    }
}
