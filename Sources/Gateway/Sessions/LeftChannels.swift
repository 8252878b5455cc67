package import EventBus

/// The channels that a session has left, each with the number of the change that took it away: an older one, which another
/// node told of and which comes late, must not bring it back.
///
/// The last of them only. What comes later than so many others is made good when the session is compared with the storage.
package struct LeftChannels {
    package static let most = 64

    private struct Entry {
        let version: Int64
        let passed: Int64
    }

    private var entries: [ChannelReference: Entry] = [:]
    /// The one that was left the longest ago first.
    private var order: [ChannelReference] = []

    package init() {}

    /// Nil when the session follows the channel, or has not left it lately.
    package subscript(_ reference: ChannelReference) -> Int64? { entries[reference]?.version }

    /// Up to which number the channel's events had passed the session when it left; 0 when that is not known.
    package func passed(_ reference: ChannelReference) -> Int64 { entries[reference]?.passed ?? 0 }

    package mutating func add(_ reference: ChannelReference, _ version: Int64, passed: Int64 = 0) {
        let entry = Entry(version: version, passed: passed)
        if entries.updateValue(entry, forKey: reference) != nil { order.removeAll { $0 == reference } }
        order.append(reference)
        if order.count > Self.most { entries[order.removeFirst()] = nil }
    }

    package mutating func remove(_ reference: ChannelReference) {
        if entries.removeValue(forKey: reference) != nil { order.removeAll { $0 == reference } }
    }
}
