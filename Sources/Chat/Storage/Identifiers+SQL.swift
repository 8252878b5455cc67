package import ChatProtocol
package import Database

extension SDKAppID: SQLBindable {
    package var sqlValue: SQLValue { .integer(rawValue) }
}

extension UserID: SQLBindable {
    package var sqlValue: SQLValue { .text(rawValue) }
}

extension ChannelID: SQLBindable {
    package var sqlValue: SQLValue { .text(rawValue) }
}

extension Row {
    package func application(_ column: Int) throws(ChatError) -> SDKAppID {
        guard let id = SDKAppID(rawValue: try integer(column)) else {
            throw .internalFault(DatabaseError(.corrupt, "column \(column) does not hold an SDKAppID"))
        }
        return id
    }

    package func timestamp(_ column: Int) throws(ChatError) -> Timestamp {
        Timestamp(milliseconds: try integer(column))
    }

    package func optionalTimestamp(_ column: Int) throws(ChatError) -> Timestamp? {
        try optionalInteger(column).map(Timestamp.init(milliseconds:))
    }
}
