import Database

extension Schema {
    /// What several nodes over one storage need: who lives, and who does what one node does at a time.
    ///
    /// `nodes` is the one table without the application in its key: a sharded storage keeps it whole on every shard.
    /// Programs of the schema before this one heed no lease, so they may not run beside those that do.
    static let nodesAndLeases = Migration(
        4,
        [
            """
            CREATE TABLE nodes (
                node TEXT PRIMARY KEY,
                beats BIGINT NOT NULL
            )
            """,
            """
            CREATE TABLE leases (
                app BIGINT NOT NULL,
                work TEXT NOT NULL,
                node TEXT NOT NULL,
                token BIGINT NOT NULL,
                PRIMARY KEY (app, work)
            )
            """,
        ]
    )
}
