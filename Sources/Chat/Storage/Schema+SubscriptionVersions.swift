import Database

extension Schema {
    /// By which change of its channel's subscriptions a subscription is as it is.
    ///
    /// The changes are numbered by `subscription_head`, which before this step was raised by those alone who came: programs
    /// of earlier schemas would not number the others, so they may not run beside those that do.
    static let subscriptionVersions = Migration(
        5,
        ["ALTER TABLE subscriptions ADD COLUMN version BIGINT NOT NULL DEFAULT 0"]
    )
}
