import Addresses
import Chat
import ChatProtocol
import FoundationEssentials

extension Entry {
    /// Where a page begins.
    static let cursor = Entry("cursor") { bytes throws(Objection) in
        guard let cursor = SubscriberCursor(bytes.text) else { return }
        try demand(cursor.text.hasSameBytes(as: bytes.text), "one place has two texts")
        try demand(cursor.text.utf8.count <= SubscriberCursor.longest, "a cursor is longer than the longest")
    }

    /// The name of a message.
    static let messageKey = Entry("message-key") { bytes throws(Objection) in
        guard let key = MessageKey(rawValue: bytes.text) else { return }
        try demand(key.rawValue.hasSameBytes(as: bytes.text), "one message has two keys")
        try demand(key.seq >= 1 && key.seconds >= 0, "the key is \(key.seq) and \(key.seconds)")
    }

    /// The address of a backend: whoever calls it must find the host in it that was judged.
    static let webhookURL = Entry("webhook-url") { bytes throws(Objection) in
        let text = bytes.text
        guard let url = WebhookURL(rawValue: text) else { return }
        try demand(url.rawValue.hasSameBytes(as: text), "the address was changed")
        // A host in brackets is judged when it is called.
        guard !text.contains("[") else { return }
        let parsed = try demand(URL(string: text), "\(text) is an address that cannot be called")
        let authority = text.split(separator: "/", omittingEmptySubsequences: false)[2]
        let host = String(authority.prefix { $0 != ":" })
        try demand(parsed.host() == host, "\(text) was judged by \(host), and \(parsed.host() ?? "nothing") is called")
        try demand(parsed.user() == nil && parsed.query() == nil && parsed.fragment() == nil, "\(text) has more in it")
    }

    /// An address or a range of addresses.
    static let address = Entry("address") { bytes throws(Objection) in
        let text = bytes.text
        guard let range = AddressRange(text) else {
            return try demand(AddressRange.bytes(text) == nil, "\(text) is an address and no range of one")
        }
        let first = String(text.prefix { $0 != "/" })
        try demand(range.contains(first), "\(text) is without its own first address")
        let bytes = try demand(AddressRange.bytes(first), "\(first) is no address")
        try demand([4, 16].contains(bytes.count), "\(first) has \(bytes.count) bytes")
        try demand(AddressRange.client(first).count <= 8, "a client is more than a network")
    }
}
