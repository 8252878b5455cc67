/// How far a channel has come, or how far a subscriber has followed it.
///
/// Source: design section 4.
package struct ChannelPosition: Sendable, Hashable {
    /// The number of the newest broadcast; 0 when there is none.
    package let messageSeq: Int64
    /// The number of the newest thing that subscribers see: broadcast, recall, change of the profile, destruction.
    package let eventSeq: Int64

    package init(messageSeq: Int64, eventSeq: Int64) {
        (self.messageSeq, self.eventSeq) = (messageSeq, eventSeq)
    }
}

/// Names an incarnation of a channel in a state of the storage: numbers mean something only together with it.
///
/// The storage's generation and the channel's incarnation, both in hexadecimal digits; clients compare it and no more.
///
/// Source: design section 6.
package struct ChannelEpoch: Sendable, Hashable, CustomStringConvertible {
    /// What the wire calls `Epoch`.
    package let description: String

    /// - Parameter generation: lower-case hexadecimal digits.
    package init(generation: String, incarnation: Int64) {
        description = "\(generation)-\(String(incarnation, radix: 16))"
    }
}
