package import ChatProtocol
import Database

/// A line of an archive, understood.
package enum ArchiveLine: Sendable {
    case header(ArchiveHeader)
    case application(ArchivedApplication)
    case row(ArchivedRow)
    /// The last line.
    case end
}

extension ArchiveLine {
    /// The line as an export writes it.
    ///
    /// - Parameter lines: how many stand before it.
    package func json(after lines: Int64) throws(ChatError) -> JSONObject {
        switch self {
        case .header(let header): header.json
        case .application(let application): application.json
        case .row(let row): try row.kind.line(row.values, of: row.channel)
        case .end: ["Kind": .string("End"), "Lines": .integer(lines)]
        }
    }
}

/// A line that stands for a row.
package struct ArchivedRow: Sendable {
    let kind: ArchiveKind
    /// Whose it is, of a kind that belongs to a channel.
    let channel: ChannelID?
    /// Those of the kind's members.
    let values: [SQLValue]
    package let line: Int

    var key: SQLValue { values[0] }

    /// Whether both can be written by one statement.
    package func belongs(with other: ArchivedRow) -> Bool {
        kind.name == other.kind.name && channel == other.channel
    }
}

extension ArchivedRow {
    /// What the row has for one of its kind's members.
    func value(of member: String) -> SQLValue {
        kind.members.firstIndex { $0.name == member }.map { values[$0] } ?? .null
    }

    /// The same, of a member that is a number; nil for nothing.
    func number(_ member: String) -> Int64? {
        if case .integer(let number) = value(of: member) { number } else { nil }
    }
}
