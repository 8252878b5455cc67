package import Chat
import ChatProtocol
import EventBus
package import NIOCore

/// Whose request a method answers.
protocol Asker: Sendable {
    var account: AccountReference { get }
    var platform: ClientPlatform { get }
    var address: String { get }

    /// Lets the channels' events wait, so that an answer that is being made comes before them.
    func hold(_ channels: [ChannelID]) async -> Hold

    /// Messages that the storage does not have, as far as they are remembered, and how far the channel has come.
    func unstored(of reference: ChannelReference, after number: Int64) -> (events: [TimelineEvent], upTo: Int64)
}

extension Session: Asker {
    func unstored(of reference: ChannelReference, after number: Int64) -> (events: [TimelineEvent], upTo: Int64) {
        shared.rooms.unstored(of: reference, after: number, in: term)
    }
}

/// Somebody without a connection: nothing is ever on its way to him.
private struct Visitor: Asker {
    let account: AccountReference
    let platform = ClientPlatform.unknown
    let address: String

    func hold(_ channels: [ChannelID]) async -> Hold {
        Hold(catchUp: 0, channels: [:])
    }

    func unstored(of reference: ChannelReference, after number: Int64) -> (events: [TimelineEvent], upTo: Int64) {
        ([], 0)
    }
}

extension Gateway {
    /// Answers a text as if the caller's client had sent it, without a connection; nil when no answer is asked for.
    package func answer(_ text: ByteBuffer, to call: Call) async -> [UInt8]? {
        let account = AccountReference(application: call.application.id, user: call.caller)
        return await shared.methods.answer(text, for: Visitor(account: account, address: call.address)).text
    }
}
