import EventBus
import WebSockets

/// A session's place in a room; used on the session's event loop only.
final class Membership {
    unowned let session: Session
    let room: LoopRoom
    let connection: WebSocketConnection
    /// Whether the user wants none of the channel's messages.
    var discards: Bool
    /// Events up to this number are not for the session: it has them, or was told that it does not.
    var floor: Int64
    /// While the session is brought what it is missing, live events wait: they are read again afterwards.
    var isHeld = false
    /// Whether something was left out because the client reads too slowly; then everything is, until it is told so.
    var isLagging = false
    /// Its index among the room's members.
    var index: Int

    init(_ session: Session, _ connection: WebSocketConnection, in room: LoopRoom, discards: Bool, floor: Int64) {
        (self.session, self.connection, self.room) = (session, connection, room)
        (self.discards, self.floor) = (discards, floor)
        index = -1
    }
}
