/// What metrics are, by the label that they are made with; those that are observed say it themselves.
enum MetricHelp {
    static let sentences = [
        "rostrum_requests": "REST calls by command and ErrorCode.",
        "rostrum_request_duration": "Time from a call's head to its reply.",
        "rostrum_broadcasts": "Broadcasts that were taken, by kind.",
        "rostrum_usersig_cache": "UserSigs looked up among those verified before.",
        "rostrum_commit_batch_size": "Operations that one durable commit carried.",
        "rostrum_console_sign_ins": "Attempts to sign in to the console by result.",
        "rostrum_webhook_attempts": "Attempts at webhooks by kind, before or after, and by result.",
        "rostrum_webhook_duration": "Time from an attempt's beginning to the end of the reply, by kind.",
        "rostrum_webhook_dead_letters": "\"After\" webhooks that were given up.",
        "rostrum_bus_connected": "Whether the bus between the nodes is there: 1 or 0.",
        "rostrum_bus_topics": "Channels and users whose events this node has other nodes send it.",
        "rostrum_bus_other_nodes": "Other nodes that have been heard of lately.",
        "rostrum_bus_events": "Events between nodes by what became of them.",
        "rostrum_bus_reconnects": "How often the bus came back.",
        "rostrum_sessions": "Live sessions by platform.",
        "rostrum_logins": "Logins of live sessions by ErrorCode.",
        "rostrum_session_ends": "Live sessions that ended, by close code; 1006 without a close frame.",
        "rostrum_session_requests": "Methods that live sessions called, by code.",
        "rostrum_deliveries": "Broadcasts to live sessions: written, or left out because the client lagged.",
        "rostrum_delivery_last_write": "From the commit of a broadcast to the last write on an event loop.",
        "rostrum_build_info": "The version that runs; always 1.",
        "rostrum_commit_duration": "How long commits took that made operations durable.",
        "rostrum_event_loop_lag": "How long event loops kept work waiting, asked once a second.",
        "rostrum_outbox_waiting": "Events that wait in the outbox, in 1000 channels of each application at most.",
        "rostrum_outbox_oldest_seconds": "For how long the oldest event of these has waited; 0 when none waits.",
        "rostrum_outbox_overdue_seconds":
            "For how long the longest overdue channel has waited for a node that delivers.",
        "rostrum_sweeps": "Sweeps of what is too old, by result.",
        "rostrum_sweep_last_success_timestamp_seconds": "When this node last swept without a fault; 0 for never.",
    ]

    /// Bounds of histograms that need others than the usual ones, in seconds.
    static let buckets: [String: [Double]] = [
        "rostrum_commit_duration": [
            0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
        ]
    ]
}
