import Chat
import ChatProtocol
import EventBus
import NIOCore
import WebSockets

/// The frames that tell a user of changes of his subscriptions; an empty one when he is told nothing.
enum SubscriptionFrame {
    static func telling(of event: SubscriptionEvent) -> ByteBuffer {
        switch event.change {
        case .subscribed(_, let parameters): beginning(parameters)
        case .unsubscribed: end(in: event.reference)
        case .discarding: ByteBuffer()
        }
    }

    /// The same for what was found in the storage.
    static func telling(of found: Timeline.OwnSubscription, in reference: ChannelReference) -> ByteBuffer {
        switch found {
        case .channelGone: ByteBuffer()
        case .notSubscribed: end(in: reference)
        case .subscribed(_, let parameters): beginning(parameters)
        }
    }

    private static func beginning(_ parameters: [UInt8]) -> ByteBuffer {
        WebSocketFrames.text(JSONRPC.notification("onOfficialAccountSubscribed", parameters: parameters))
    }

    private static func end(in reference: ChannelReference) -> ByteBuffer {
        let parameters: JSONObject = ["Official_Account": .channel(reference.channel)]
        return WebSocketFrames.text(
            JSONRPC.notification("onOfficialAccountUnsubscribed", parameters: parameters.json)
        )
    }
}
