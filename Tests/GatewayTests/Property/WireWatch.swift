import ChatProtocol
import RostrumTesting

/// Watches what the server sends on one session after another, and notes whatever breaks the protocol's promises.
struct WireWatch {
    private(set) var complaints: [String] = []
    /// The last `EventSeq` of a channel on this session, in answers and notifications.
    private var last: [String: Int64] = [:]
    /// The same in notifications alone: an answer may count an online-only post that comes after it.
    private var lastNotified: [String: Int64] = [:]
    /// The beginnings of the texts of online-only posts that came on this session.
    private(set) var onlineOnly: Set<String> = []
    /// Under which number a text came.
    private var numbers: [String: String] = [:]

    mutating func complain(_ what: String) {
        complaints.append(what)
    }

    /// Another session begins.
    mutating func begin() {
        (last, lastNotified, onlineOnly) = ([:], [:], [])
    }

    mutating func see(_ notification: LiveClient.Notification) {
        let parameters = notification.parameters
        guard let channel = parameters.channel, let epoch = parameters["Epoch"]?.text else { return }
        let key = "\(channel) \(epoch)"
        switch notification.method {
        case "onOfficialAccountSubscribed":
            last[key] = parameters.number("HeadEventSeq")
            lastNotified[key] = last[key]
        case "onRecvNewMessage", "onRecvMessageRevoked", "onOfficialAccountInfoChanged":
            guard let number = parameters.number("EventSeq") else {
                return complain("\(notification.method) without EventSeq")
            }
            let isOnlineOnly = parameters.number("OnlineOnlyFlag") == 1
            if let last = isOnlineOnly ? lastNotified[key] : last[key], number <= last {
                complain("\(notification.method) of \(key) has EventSeq \(number) after \(last)")
            }
            last[key] = max(number, isOnlineOnly ? last[key] ?? 0 : 0)
            lastNotified[key] = number
            if notification.method == "onRecvNewMessage" { see(message: parameters, in: key) }
        default: break
        }
    }

    /// What is the same message has the same number, always.
    private mutating func see(message: JSONObject, in key: String) {
        guard let text = message.messageText, let seq = message.number("MsgSeq") else {
            return complain("a message without text or number: \(message)")
        }
        if message.number("OnlineOnlyFlag") == 1, !onlineOnly.insert(text.beginning).inserted {
            complain("\(text.beginning) came twice on one session")
        }
        if text.hasPrefix("dropped") { complain("a message that the backend dropped: \(text)") }
        let number = "\(key) \(seq)"
        if let known = numbers.updateValue(number, forKey: text), known != number {
            complain("\(text.prefix(20)) came as \(number) and as \(known)")
        }
    }

    /// An answer to `resume` with a position.
    mutating func see(_ answer: JSONObject, of channel: String, asked: JSONValue) {
        let key = "\(channel) \(answer["Epoch"]?.text ?? "")"
        let end = answer.number("EventSeq") ?? 0
        if answer["reload"] == .bool(true) {
            if asked["Epoch"] == answer["Epoch"] { complain("reload of \(key), although everything is kept") }
        } else {
            // Posts that came while the user wanted none have smaller numbers than what the client asks for may have.
            var number: Int64 = 0
            var seq = asked["MsgSeq"]?.integer ?? 0
            for message in (answer["messages"]?.items ?? []).compactMap(\.object) {
                guard let nextNumber = message.number("EventSeq"), let nextSeq = message.number("MsgSeq"),
                    nextNumber > number, nextSeq > seq, nextNumber <= end
                else {
                    complain("resume of \(key) has a message out of order: \(message) after \(seq) \(number)")
                    continue
                }
                (number, seq) = (nextNumber, nextSeq)
                see(message: message, in: key)
            }
            if end < asked["EventSeq"]?.integer ?? 0 { complain("resume of \(key) goes back") }
        }
        if answer["more"] != .bool(true), let last = last[key], end < last {
            complain("the answer to resume of \(key) ends at \(end), after a notification of \(last)")
        }
        last[key] = end
    }
}
