import Database

extension Schema {
    /// What the console needs: operators with their sessions and their audit, changes by request, channels by name,
    /// and what a webhook said.
    ///
    /// Operators belong to no application: a sharded storage keeps their tables whole on every shard.
    ///
    /// What is equal in an index of channels stands there by creation, not by ID: channels that are new, and those of one
    /// owner, then come to lie side by side, where by their random IDs each would touch pages of its own. That made a
    /// create a third slower.
    static let console = Migration(
        6,
        compatibleFrom: 5,
        [
            """
            CREATE TABLE operators (
                name TEXT PRIMARY KEY,
                role TEXT NOT NULL,
                password TEXT NOT NULL,
                second_factor_sealed BLOB,
                used_step BIGINT NOT NULL,
                created_at BIGINT NOT NULL,
                signed_in_at BIGINT
            )
            """,
            """
            CREATE TABLE operator_sessions (
                digest TEXT PRIMARY KEY,
                name TEXT NOT NULL,
                created_at BIGINT NOT NULL,
                used_at BIGINT NOT NULL
            )
            """,
            """
            CREATE TABLE operator_audit (
                at BIGINT NOT NULL,
                request TEXT NOT NULL,
                operator TEXT NOT NULL,
                address TEXT NOT NULL,
                action TEXT NOT NULL,
                target TEXT NOT NULL,
                PRIMARY KEY (at, request)
            )
            """,
            "CREATE INDEX channels_by_owner ON channels (app, owner, created_at, id)",
            "CREATE INDEX audit_by_request ON audit (app, request)",
            "ALTER TABLE webhook_attempts ADD COLUMN request BLOB",
            "CREATE INDEX channels_by_name ON channels (app, name, created_at, id)",
            "CREATE INDEX channels_by_creation ON channels (app, created_at, id)",
            "CREATE INDEX channels_by_subscribers ON channels (app, subscribers, created_at, id)",
        ]
    )
}
