extension PostgresDatabase {
    package struct Configuration: Sendable {
        /// Connections that write: applications are shared out among them, and each commits by itself.
        package var lanes = 4
        /// Connections for writes that take no turns, so that none of them waits behind one that does, nor long behind
        /// another: opened as they are needed.
        package var freeWriters = 3
        /// Connections that read.
        package var readers = 4
        /// Writes in one transaction; with more of them the server keeps less of their savepoints in memory.
        package var largestGroup = 64
        /// Statements that each connection keeps prepared.
        package var preparedStatements = 512
        /// How long a node that stands still in a transaction may keep others waiting.
        package var idleTimeout = Duration.seconds(5)
        /// How long a write waits for its turn; longer than a node that stands still keeps it.
        package var lockTimeout = Duration.seconds(10)
        /// How long a statement may take, the wait for a lock included.
        package var statementTimeout = Duration.seconds(15)
        /// How long the server's answer is waited for, before the connection is given up.
        package var patience = Duration.seconds(20)
        /// How long operations wait for a server that cannot be reached, before they are refused.
        package var reconnecting = Duration.seconds(5)
        /// Told after each commit how many operations it carried and how long it took; called on a lane's thread.
        package var onCommit: @Sendable (_ operations: Int, _ took: Duration) -> Void = { _, _ in }

        package init() {}
    }
}
