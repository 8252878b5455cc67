/// What a move has done so far.
package struct MoveReport: Sendable, Equatable {
    package enum Stage: Sendable {
        case copying, verifying
    }

    package let stage: Stage
    package let table: String
    /// Whether the stage is done with the table.
    package let isTableDone: Bool
    /// Rows that the stage is done with, of all tables.
    package let rows: Int64
    /// Rows that the source has.
    package let allRows: Int64
}

/// What a move came to.
package struct MoveSummary: Sendable, Equatable {
    package let tables: Int
    package let rows: Int64
}
