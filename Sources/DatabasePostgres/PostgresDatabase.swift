package import ChatProtocol
package import Database
import Synchronization

/// A PostgreSQL database as a ``Database``: lanes that write in groups, and a pool of connections that read.
///
/// Any number of nodes may work on one database. Writes of one application take their turn by an advisory lock of the
/// application, and are told apart from those of other installations in the same database by their schema. Those that
/// take no turn have connections of their own: a node that stands still in its turn delays no heartbeat of others.
package final class PostgresDatabase: Database {
    private let lanes: [GroupQueue<WriteOperation>]
    private let freeWrites: GroupQueue<WriteOperation>
    private let reads: GroupQueue<ReadOperation>
    private let sessions: [Session]
    private let timeline = Timeline()
    private let uncertainty = Uncertainty()
    package let damage = StorageDamage()
    /// What the server said of itself when it was first connected to.
    package let server: ServerFacts

    package struct ServerFacts: Sendable {
        /// As `server_version_num` has it: 150004 is 15.4.
        package let version: Int64
        /// False where `fsync` is off: what is committed survives the server's death, but not the machine's.
        package let isDurable: Bool
        /// Whether damage to its pages is noticed.
        package let hasChecksums: Bool
    }

    /// Connects, so that what is wrong with the connection string or the server is known at once.
    ///
    /// - Throws: an internal fault caused by a ``DatabaseError`` that names host and database.
    package init(_ target: ConnectionString, configuration: Configuration = Configuration()) throws(ChatError) {
        let (timeline, uncertainty, damage) = (timeline, uncertainty, damage)
        func sessions(_ count: Int) -> [Session] {
            (0..<max(1, count)).map { _ in Session(target, configuration, timeline, uncertainty, damage) }
        }
        func lane(_ session: Session) -> WriteLane {
            WriteLane(session: session, configuration: configuration, uncertainty: uncertainty)
        }
        let writers = sessions(configuration.lanes)
        lanes = writers.enumerated().map { number, session in
            GroupQueue(
                label: "rostrum.postgres.writer.\(number)",
                workers: 1,
                largestGroup: configuration.largestGroup,
                work: lane(session).run
            )
        }
        let freeWriters = sessions(configuration.freeWriters)
        let freeLanes = Pool(freeWriters.map(lane))
        freeWrites = GroupQueue(
            label: "rostrum.postgres.free-writer",
            workers: freeWriters.count,
            largestGroup: configuration.largestGroup
        ) { jobs in
            freeLanes.use { $0.run(jobs) }
        }
        let readers = sessions(configuration.readers)
        let pool = ReadPool(sessions: Pool(readers))
        reads = GroupQueue(
            label: "rostrum.postgres.reader",
            workers: readers.count,
            largestGroup: 32,
            work: pool.run
        )
        self.sessions = writers + freeWriters + readers
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
        queue(of: operation.turn).add(operation)
    }

    /// Always the same lane for one turn, so that its operations are committed, and told of, in their order.
    ///
    /// The installation's turn waits for all others, on whatever node, so it is no company for those that wait for none.
    private func queue(of turn: Turn) -> GroupQueue<WriteOperation> {
        switch turn {
        case .application(let id):
            // Multiplied by the golden ratio, so that numbers given one after the other do not meet in one lane.
            lanes[Int((UInt64(id.rawValue) &* 0x9E37_79B9_7F4A_7C15) >> 33) % lanes.count]
        case .installation: lanes[0]
        case .unordered: freeWrites
        }
    }

    package var load: StorageLoad {
        StorageLoad(reads: reads.load, writes: lanes.reduce(freeWrites.load) { $0 + $1.load })
    }

    /// The server's timeline.
    package var lineage: Int64 { timeline.current }

    package func learn(lineage: Int64) {
        timeline.learn(lineage)
    }

    package func listenForLineages(_ listener: @escaping @Sendable (_ lineage: Int64) -> Void) {
        timeline.listen(listener)
    }

    package func listenForUncertainty(_ listener: @escaping @Sendable () -> Void) {
        uncertainty.listen(listener)
    }

    package func close() async {
        for queue in lanes + [freeWrites] { await queue.close() }
        await reads.close()
        for session in sessions { session.close() }
    }
}
