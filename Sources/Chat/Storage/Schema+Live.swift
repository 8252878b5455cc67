import Database

extension Schema {
    /// What live connections need: recalls in the order in which subscribers see them, and receipts.
    static let liveConnections = Migration(
        3,
        [
            """
            CREATE INDEX broadcasts_by_recall ON broadcasts (app, channel, incarnation, recall_event_seq)
                WHERE recall_event_seq IS NOT NULL
            """,
            "ALTER TABLE broadcasts ADD COLUMN online_sessions BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE broadcasts ADD COLUMN written_sessions BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE broadcasts ADD COLUMN lagging_sessions BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE broadcasts ADD COLUMN last_write_ms BIGINT",
            """
            CREATE INDEX subscriptions_by_reading
                ON subscriptions (app, channel, incarnation, read_seq, joined_seq) WHERE read_seq > joined_seq
            """,
        ]
    )
}
