import ChatProtocol
import EventBus
import NIOCore
import WebSockets

/// An event on its way to the members of a room: one frame, shared by all of them.
final class Delivery: Sendable {
    let reference: ChannelReference
    let position: ChannelPosition
    /// Nil when the number was taken for nothing that subscribers see.
    let kind: ChannelNotification.Kind?
    /// Nil together with ``kind``.
    let frame: ByteBuffer?
    /// In milliseconds since 1970.
    let committedAt: Int64

    init(_ event: TimelineEvent) {
        (reference, position, committedAt) = (event.reference, event.position, event.committedAt)
        kind = event.notification?.kind
        frame = event.notification.map { notification in
            WebSocketFrames.text(
                JSONRPC.notification(notification.kind.rawValue, parameters: notification.parameters)
            )
        }
    }
}
