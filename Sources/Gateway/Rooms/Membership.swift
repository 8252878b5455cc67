import ChatProtocol
import EventBus
import WebSockets

/// A session's place in a room; used on the session's event loop only.
final class Membership {
    unowned let session: Session
    let room: LoopRoom
    let connection: WebSocketConnection
    /// Whether the user wants none of the channel's messages.
    var discards: Bool { didSet { room.refresh(self) } }
    /// The change of the channel's subscriptions up to which the session has heard of its user's.
    var version: Int64
    /// What that was when a request was begun that the channel waits for.
    var heldVersion: Int64 = 0
    /// Events up to this number are not for the session: it has them, or was told that it does not.
    var floor: Int64 { didSet { room.refresh(self) } }
    /// The same for what the storage does not have: it was brought these, or was not there for them.
    ///
    /// Less than ``floor`` when the storage was read further than the room had come by then.
    var unstoredFloor: Int64
    /// By which catching up the session is being brought what it is missing; nil when it is live.
    ///
    /// Live events wait meanwhile and are read again afterwards. A later catching up takes the place of an earlier one.
    var catchUp: Int? { didSet { room.refresh(self) } }
    /// Up to which number the session was sent the channel's events when they began to wait.
    var heldFrom: Int64 = 0
    /// Where, as the client was told on this connection, its subscription begins; nil when it was not told.
    ///
    /// Nothing sent before is owed to it, also where the room has not come so far yet.
    var toldFrom: ChannelPosition? { didSet { unstoredFloor = max(unstoredFloor, toldFrom?.eventSeq ?? 0) } }
    /// Whether the answer to `resume` had no room for everything, so that events wait until the client asks again.
    var awaitsClient = false
    /// Whether something was left out because the client reads too slowly; then everything is, until it is told so.
    var isLagging = false { didSet { room.refresh(self) } }
    /// Whether the session has left the room.
    var isOver = false
    /// Its index among the room's members.
    var index: Int

    /// - Parameters:
    ///   - floor: up to which number the session has the channel's events.
    ///   - unstoredFloor: how far the room had come when the session joined it.
    init(
        _ session: Session,
        _ connection: WebSocketConnection,
        in room: LoopRoom,
        discards: Bool,
        version: Int64,
        floor: Int64,
        unstoredFloor: Int64
    ) {
        (self.session, self.connection, self.room) = (session, connection, room)
        (self.discards, self.version) = (discards, version)
        (self.floor, self.unstoredFloor) = (floor, unstoredFloor)
        index = -1
    }

    /// Whether what is delivered goes to the session at once.
    var isLive: Bool { catchUp == nil && !isLagging }
}
