import Database

extension Schema {
    /// Changes nothing, and has programs that know no checksums of pages refuse to start: SQLite lets them write nothing
    /// (docs/decisions/0012-checksums-of-pages.md), so that every change would fail.
    ///
    /// Both engines have one history, so on PostgreSQL they do not start either.
    static let checksums = Migration(7, [])
}
