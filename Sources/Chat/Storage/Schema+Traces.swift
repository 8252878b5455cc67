import Database

extension Schema {
    /// To which trace an event belongs that waits or was given up; null where it belongs to none.
    ///
    /// What a program of the schema before writes or puts back has none, and goes on without it.
    static let traces = Migration(
        8,
        compatibleFrom: 7,
        [
            "ALTER TABLE outbox ADD COLUMN trace TEXT",
            "ALTER TABLE dead_letters ADD COLUMN trace TEXT",
        ]
    )
}
