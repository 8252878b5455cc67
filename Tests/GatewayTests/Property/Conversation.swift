import ChatProtocol
import RostrumTesting

/// What a device holds of a channel, and how it takes what the server says of it.
///
/// Source: docs/subscriber-protocol.md.
struct Conversation {
    let epoch: String
    private(set) var position: ChannelPosition
    /// The beginnings of the texts that can be shown, by `MsgSeq`.
    private(set) var messages: [Int64: String] = [:]
    /// What must never be shown again; a history that was asked for before the recall may still bring it.
    private var revoked: Set<Int64> = []
    private(set) var name: String
    private var nameIsOf: Int64

    /// Whether something was left out: what is live waits until it was brought.
    var isBehind = false
    /// Whether an answer to `resume` is awaited.
    var isAsking = false
    /// Whether more was left out since that was asked.
    var asksAgain = false
    private var waiting: [LiveClient.Notification] = []
    /// Pages of history and profiles that are awaited.
    var readings = 0

    /// A conversation that begins where the channel stands.
    init?(item: JSONObject) {
        guard let epoch = item["Epoch"]?.text, let messageSeq = item.number("HeadMsgSeq"),
            let eventSeq = item.number("HeadEventSeq"), let name = item["Name"]?.text
        else { return nil }
        (self.epoch, self.name, nameIsOf) = (epoch, name, eventSeq)
        position = ChannelPosition(messageSeq: messageSeq, eventSeq: eventSeq)
    }

    /// The conversation begun anew, with nothing in it.
    func restarted(epoch: String, at position: ChannelPosition) -> Conversation {
        var new = Conversation(epoch, position, name)
        if epoch == self.epoch { new.revoked = revoked }
        (new.waiting, new.readings) = (waiting, readings)
        return new
    }

    private init(_ epoch: String, _ position: ChannelPosition, _ name: String) {
        (self.epoch, self.position, self.name, nameIsOf) = (epoch, position, name, 0)
    }

    /// The conversation as it is kept while the device has no connection.
    mutating func disconnect() {
        (isBehind, isAsking, asksAgain, readings, waiting) = (true, false, false, 0, [])
    }

    /// Takes something live.
    mutating func take(_ notification: LiveClient.Notification) {
        guard !isBehind else { return waiting.append(notification) }
        guard let number = notification.parameters.number("EventSeq"), number > position.eventSeq else { return }
        apply(notification)
        let messageSeq =
            notification.method == "onRecvNewMessage" ? notification.parameters.number("MsgSeq") ?? 0 : 0
        advance(to: ChannelPosition(messageSeq: messageSeq, eventSeq: number))
    }

    private mutating func apply(_ notification: LiveClient.Notification) {
        let parameters = notification.parameters
        switch notification.method {
        case "onRecvNewMessage":
            guard let seq = parameters.number("MsgSeq"), let text = parameters.messageText else { return }
            hold(seq, text, isOnlineOnly: parameters.number("OnlineOnlyFlag") == 1)
        case "onRecvMessageRevoked":
            guard let seq = parameters.number("MsgSeq") else { return }
            revoked.insert(seq)
            messages[seq] = nil
        case "onOfficialAccountInfoChanged": learn(parameters, of: parameters.number("EventSeq") ?? 0)
        default: break
        }
    }

    private mutating func hold(_ seq: Int64, _ text: String, isOnlineOnly: Bool) {
        // The others are judged as they come; see OnlineOnlyDebt.
        if !isOnlineOnly, !revoked.contains(seq) { messages[seq] = text.beginning }
    }

    /// Takes a profile, unless a newer one is known.
    mutating func learn(_ item: JSONObject, of eventSeq: Int64) {
        guard eventSeq >= nameIsOf, let name = item["Name"]?.text else { return }
        (self.name, nameIsOf) = (name, eventSeq)
    }

    private mutating func advance(to other: ChannelPosition) {
        position = ChannelPosition(
            messageSeq: max(position.messageSeq, other.messageSeq),
            eventSeq: max(position.eventSeq, other.eventSeq)
        )
    }

    /// Takes what `resume` says is missing.
    mutating func takeMissing(_ answer: JSONObject, upTo position: ChannelPosition) {
        for message in answer["messages"]?.items ?? [] {
            apply(LiveClient.Notification(method: "onRecvNewMessage", parameters: message.object ?? [:]))
        }
        for recall in answer["revoked"]?.items ?? [] {
            apply(LiveClient.Notification(method: "onRecvMessageRevoked", parameters: recall.object ?? [:]))
        }
        if let item = answer["infoChanged"]?.object {
            apply(LiveClient.Notification(method: "onOfficialAccountInfoChanged", parameters: item))
        }
        advance(to: position)
    }

    /// Takes a page of history.
    mutating func takeHistory(_ page: [JSONValue]) {
        for message in page where message["IsPlaceMsg"]?.integer == 0 {
            guard let seq = message["MsgSeq"]?.integer, let text = message.object?.messageText else { continue }
            hold(seq, text, isOnlineOnly: false)
        }
    }

    /// Nothing is missing any more: takes what has waited.
    mutating func catchUp() {
        isBehind = false
        let taken = waiting
        waiting = []
        for notification in taken {
            take(notification)
        }
    }
}
