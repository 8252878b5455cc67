import Database

extension Schema {
    /// Subscribers, broadcasts, webhooks.
    ///
    /// What belongs to a channel carries the channel's incarnation: a channel that is destroyed takes one row away at
    /// once, and what it leaves is swept up in small batches under a key that no later channel of that ID has.
    static let subscribersBroadcastsWebhooks = Migration(
        2,
        [
            "ALTER TABLE channels ADD COLUMN incarnation BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE channels ADD COLUMN head_seq BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE channels ADD COLUMN event_seq BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE channels ADD COLUMN profile_event_seq BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE channels ADD COLUMN stored_broadcasts BIGINT NOT NULL DEFAULT 0",
            "ALTER TABLE channels ADD COLUMN subscription_head BIGINT NOT NULL DEFAULT 0",
            """
            CREATE TABLE subscriptions (
                app BIGINT NOT NULL,
                channel TEXT NOT NULL,
                incarnation BIGINT NOT NULL,
                account TEXT NOT NULL,
                position BIGINT NOT NULL,
                subscribed_at BIGINT NOT NULL,
                joined_seq BIGINT NOT NULL,
                read_seq BIGINT NOT NULL,
                message_flag TEXT NOT NULL,
                custom_string TEXT NOT NULL,
                last_sent_at_seconds BIGINT NOT NULL,
                PRIMARY KEY (app, channel, incarnation, account)
            )
            """,
            """
            CREATE UNIQUE INDEX subscriptions_in_order
                ON subscriptions (app, channel, incarnation, position, account)
            """,
            """
            CREATE INDEX subscriptions_of_account
                ON subscriptions (app, account, subscribed_at, channel)
            """,
            """
            CREATE TABLE broadcasts (
                app BIGINT NOT NULL,
                channel TEXT NOT NULL,
                incarnation BIGINT NOT NULL,
                seq BIGINT NOT NULL,
                event_seq BIGINT NOT NULL,
                sent_at BIGINT NOT NULL,
                random BIGINT NOT NULL,
                kind TEXT NOT NULL,
                stored_before BIGINT NOT NULL,
                digest BLOB NOT NULL,
                body BLOB,
                cloud_custom_data TEXT,
                push_info BLOB,
                updates_last_message BIGINT NOT NULL,
                recalled_at BIGINT,
                recall_event_seq BIGINT,
                recall_reason TEXT,
                PRIMARY KEY (app, channel, incarnation, seq)
            )
            """,
            "CREATE INDEX broadcasts_by_digest ON broadcasts (app, channel, incarnation, digest)",
            "CREATE INDEX broadcasts_with_body_by_age ON broadcasts (app, sent_at) WHERE body IS NOT NULL",
            """
            CREATE TABLE destroyed_channels (
                app BIGINT NOT NULL,
                channel TEXT NOT NULL,
                incarnation BIGINT NOT NULL,
                PRIMARY KEY (app, channel, incarnation)
            )
            """,
            """
            CREATE TABLE unsubscribing_accounts (
                app BIGINT NOT NULL,
                account TEXT NOT NULL,
                deleted_at BIGINT NOT NULL,
                PRIMARY KEY (app, account)
            )
            """,
            """
            CREATE TABLE outbox (
                app BIGINT NOT NULL,
                channel TEXT NOT NULL,
                number BIGINT NOT NULL,
                delivery TEXT NOT NULL,
                command TEXT NOT NULL,
                body BLOB NOT NULL,
                client_address TEXT NOT NULL,
                platform TEXT NOT NULL,
                queued_at BIGINT NOT NULL,
                PRIMARY KEY (app, channel, number)
            )
            """,
            """
            CREATE TABLE outbox_lanes (
                app BIGINT NOT NULL,
                channel TEXT NOT NULL,
                last_number BIGINT NOT NULL,
                failures BIGINT NOT NULL,
                due_at BIGINT NOT NULL,
                PRIMARY KEY (app, channel)
            )
            """,
            "CREATE INDEX outbox_lanes_by_due_time ON outbox_lanes (app, due_at)",
            """
            CREATE TABLE dead_letters (
                app BIGINT NOT NULL,
                died_at BIGINT NOT NULL,
                delivery TEXT NOT NULL,
                channel TEXT NOT NULL,
                number BIGINT NOT NULL,
                command TEXT NOT NULL,
                body BLOB NOT NULL,
                client_address TEXT NOT NULL,
                platform TEXT NOT NULL,
                queued_at BIGINT NOT NULL,
                attempts BIGINT NOT NULL,
                reason TEXT NOT NULL,
                PRIMARY KEY (app, died_at, delivery)
            )
            """,
            "CREATE INDEX dead_letters_by_delivery ON dead_letters (app, delivery)",
            """
            CREATE TABLE webhook_attempts (
                app BIGINT NOT NULL,
                at BIGINT NOT NULL,
                delivery TEXT NOT NULL,
                attempt BIGINT NOT NULL,
                channel TEXT NOT NULL,
                command TEXT NOT NULL,
                outcome TEXT NOT NULL,
                status BIGINT,
                latency_ms BIGINT NOT NULL,
                reply BLOB NOT NULL,
                PRIMARY KEY (app, at, delivery, attempt)
            )
            """,
            "CREATE INDEX webhook_attempts_by_delivery ON webhook_attempts (app, delivery)",
        ]
    )
}
