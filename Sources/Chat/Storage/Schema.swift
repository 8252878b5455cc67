package import Database

/// The history of the tables.
///
/// Keys begin with the application, so that the tables can be sharded by it. Times are milliseconds unless the column
/// says otherwise; sealed columns hold what ``SecretBox`` made of a secret.
package enum Schema {
    package static let migrations = [
        applicationsAccountsChannels, subscribersBroadcastsWebhooks, liveConnections, nodesAndLeases,
        subscriptionVersions, console, checksums, traces,
    ]

    private static let applicationsAccountsChannels = Migration(
        1,
        [
            """
            CREATE TABLE storage_properties (
                name TEXT PRIMARY KEY,
                value TEXT NOT NULL
            )
            """,
            """
            CREATE TABLE applications (
                app BIGINT PRIMARY KEY,
                name TEXT NOT NULL,
                plan TEXT NOT NULL,
                enabled BIGINT NOT NULL,
                channel_service_enabled BIGINT NOT NULL,
                channel_service_expires_at BIGINT,
                webhook_url TEXT NOT NULL,
                webhook_events TEXT NOT NULL,
                webhook_token_sealed BLOB NOT NULL,
                webhook_secret_sealed BLOB NOT NULL,
                webhook_timeout_policy TEXT NOT NULL,
                webhook_retry TEXT NOT NULL,
                created_at BIGINT NOT NULL
            )
            """,
            """
            CREATE TABLE application_keys (
                app BIGINT NOT NULL,
                created_at BIGINT NOT NULL,
                key_sealed BLOB NOT NULL,
                PRIMARY KEY (app, created_at)
            )
            """,
            """
            CREATE TABLE application_admins (
                app BIGINT NOT NULL,
                account TEXT NOT NULL,
                PRIMARY KEY (app, account)
            )
            """,
            """
            CREATE TABLE application_limits (
                app BIGINT NOT NULL,
                name TEXT NOT NULL,
                value BIGINT NOT NULL,
                PRIMARY KEY (app, name)
            )
            """,
            """
            CREATE TABLE application_usage (
                app BIGINT PRIMARY KEY,
                channels BIGINT NOT NULL,
                accounts BIGINT NOT NULL
            )
            """,
            """
            CREATE TABLE accounts (
                app BIGINT NOT NULL,
                id TEXT NOT NULL,
                nick TEXT NOT NULL,
                face_url TEXT NOT NULL,
                signatures_void_until_seconds BIGINT NOT NULL,
                created_at BIGINT NOT NULL,
                PRIMARY KEY (app, id)
            )
            """,
            """
            CREATE TABLE deleted_accounts (
                app BIGINT NOT NULL,
                id TEXT NOT NULL,
                deleted_at BIGINT NOT NULL,
                PRIMARY KEY (app, id)
            )
            """,
            """
            CREATE TABLE channels (
                app BIGINT NOT NULL,
                id TEXT NOT NULL,
                owner TEXT NOT NULL,
                name TEXT NOT NULL,
                introduction TEXT NOT NULL,
                face_url TEXT NOT NULL,
                organization TEXT NOT NULL,
                custom_string TEXT NOT NULL,
                max_subscribers BIGINT NOT NULL,
                subscribers BIGINT NOT NULL,
                last_message_at BIGINT NOT NULL,
                created_at BIGINT NOT NULL,
                PRIMARY KEY (app, id)
            )
            """,
            """
            CREATE TABLE audit (
                app BIGINT NOT NULL,
                at BIGINT NOT NULL,
                request TEXT NOT NULL,
                operator TEXT NOT NULL,
                address TEXT NOT NULL,
                action TEXT NOT NULL,
                target TEXT NOT NULL,
                PRIMARY KEY (app, at, request)
            )
            """,
            """
            CREATE TABLE idempotency_keys (
                app BIGINT NOT NULL,
                idempotency_key TEXT NOT NULL,
                digest BLOB NOT NULL,
                result BLOB NOT NULL,
                created_at BIGINT NOT NULL,
                PRIMARY KEY (app, idempotency_key)
            )
            """,
            "CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at)",
        ]
    )
}
