import Chat
import ChatProtocol
import Database
import FoundationEssentials

/// How far a move has come: kept in the target, and written in the transaction of the rows that it tells of.
///
/// It stays when the move has ended, for it says where the storage is from.
struct MoveRecord: Codable, Equatable {
    /// The identity of the installation that is moved.
    let installation: String
    /// The newest step of the schema when the move was begun.
    let schema: Int
    /// How many rows are there.
    var rows: Int64 = 0
    /// The table that the last rows went to; those before it, in the order of names, are there.
    ///
    /// Nil before the first.
    var table: String?
    /// The key of the last row.
    var key: [KeyPart] = []
    var isFinished = false

    init(installation: String, schema: Int) {
        (self.installation, self.schema) = (installation, schema)
    }

    /// Nil when the storage is no target of a move.
    static func find(in tx: any Transaction) throws(ChatError) -> MoveRecord? {
        guard let text = try StorageProperty.move.value(in: tx) else { return nil }
        do {
            return try JSONDecoder().decode(MoveRecord.self, from: Data(text.utf8))
        } catch {
            throw .internalFault(
                DatabaseError(.corrupt, "the property \(StorageProperty.move.rawValue) cannot be read")
            )
        }
    }

    func write(in tx: any Transaction) throws(ChatError) {
        do {
            let text = String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
            try StorageProperty.move.set(text, in: tx)
        } catch let error as ChatError {
            throw error
        } catch {
            throw .internalFault(error)
        }
    }

    /// Puts this record in the place of `last`.
    ///
    /// - Throws: an internal fault when another move has written there since.
    func replace(_ last: MoveRecord, in tx: any Transaction) throws(ChatError) {
        guard try Self.find(in: tx) == last else {
            throw .internalFault(DatabaseError(.unavailable, "another `rostrum migrate-storage` writes to the target"))
        }
        try write(in: tx)
    }
}

/// One column's value in the key of a row.
enum KeyPart: Codable, Equatable {
    case integer(Int64)
    case text(String)
    case blob([UInt8])

    /// Nil for null, which no key holds.
    init?(_ value: SQLValue) {
        switch value {
        case .null: return nil
        case .integer(let number): self = .integer(number)
        case .text(let text): self = .text(text)
        case .blob(let bytes): self = .blob(bytes)
        }
    }

    var value: SQLValue {
        switch self {
        case .integer(let number): .integer(number)
        case .text(let text): .text(text)
        case .blob(let bytes): .blob(bytes)
        }
    }
}
