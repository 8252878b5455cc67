package import ChatProtocol
import Database

extension ChatError {
    /// Whether rows were there and could not be understood; others may well be read.
    package var isOfDamagedRows: Bool { (cause as? DatabaseError)?.kind == .corrupt }
}
