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
    /// Nil when nobody is sent it alone.
    let frame: ByteBuffer?
    /// Whether the storage has it, so that it can be read again.
    let isStored: Bool
    /// In milliseconds since 1970.
    let committedAt: Int64

    /// A message that an answer to `resume` brought.
    init(of message: ResumeAnswer.Message, in reference: ChannelReference) {
        (self.reference, position, committedAt) = (reference, message.position, message.sentAt)
        (kind, frame, isStored) = (.message, nil, true)
    }

    init(_ event: TimelineEvent) {
        (reference, position, committedAt) = (event.reference, event.position, event.committedAt)
        kind = event.notification?.kind
        isStored = event.notification?.isStored ?? true
        frame = event.notification.map { notification in
            WebSocketFrames.text(
                JSONRPC.notification(notification.kind.rawValue, parameters: notification.parameters)
            )
        }
    }
}
