/// What `resume` answers for one channel.
///
/// Source: design section 4, docs/subscriber-protocol.md.
package struct ResumeAnswer: Sendable, Equatable {
    package enum Content: Sendable, Equatable {
        /// What is missing after the client's position, in order.
        case missing(Missing)
        /// It cannot be proven that nothing is missing: read the history.
        case reload
    }

    /// A message that the client is missing.
    package struct Message: Sendable, Equatable {
        /// Parameters of `onRecvNewMessage`.
        package let parameters: [UInt8]
        /// Where the channel stood with it.
        package let position: ChannelPosition
        /// In milliseconds since 1970.
        package let sentAt: Int64

        package init(parameters: [UInt8], position: ChannelPosition, sentAt: Int64) {
            (self.parameters, self.position, self.sentAt) = (parameters, position, sentAt)
        }
    }

    package struct Missing: Sendable, Equatable {
        package private(set) var messages: [Message] = []
        /// Parameters of `onRecvMessageRevoked`.
        package var revoked: [[UInt8]] = []
        /// Parameters of `onOfficialAccountInfoChanged`; nil when the profile is as it was.
        package var infoChanged: [UInt8]?
        /// Whether there is more after the position.
        package var hasMore = false

        package init() {}

        /// Puts a message into its place.
        package mutating func add(_ message: Message) {
            let place = messages.lastIndex { $0.position.eventSeq < message.position.eventSeq }.map { $0 + 1 } ?? 0
            messages.insert(message, at: place)
        }

        /// In bytes of JSON.
        package var size: Int {
            messages.reduce(revoked.reduce(infoChanged?.count ?? 0) { $0 + $1.count }) { $0 + $1.parameters.count }
        }
    }

    package let content: Content
    /// Where the client stands after it; nil when there is no such channel for him.
    package let position: (epoch: ChannelEpoch, at: ChannelPosition)?

    package init(_ content: Content, at position: (epoch: ChannelEpoch, at: ChannelPosition)?) {
        (self.content, self.position) = (content, position)
    }

    /// The answer with messages that the storage does not have, as far as they lie before where it ends.
    package func adding(_ unstored: [Message]) -> ResumeAnswer {
        guard case .missing(var missing) = content, let end = position?.at.eventSeq else { return self }
        for message in unstored where message.position.eventSeq <= end { missing.add(message) }
        return ResumeAnswer(.missing(missing), at: position)
    }

    /// The messages in it.
    package var messages: [Message] {
        if case .missing(let missing) = content { missing.messages } else { [] }
    }

    /// Whether the client is to ask for more.
    package var hasMore: Bool {
        if case .missing(let missing) = content { missing.hasMore } else { false }
    }

    /// Appends the answer as a JSON object.
    package func write(to output: inout [UInt8]) {
        switch content {
        case .reload:
            output += #"{"reload":true"#.utf8
        case .missing(let missing):
            output += #"{"messages":"#.utf8
            output.append(array: missing.messages.map(\.parameters))
            if !missing.revoked.isEmpty {
                output += #","revoked":"#.utf8
                output.append(array: missing.revoked)
            }
            if let infoChanged = missing.infoChanged {
                output += #","infoChanged":"#.utf8
                output += infoChanged
            }
            if missing.hasMore { output += #","more":true"#.utf8 }
        }
        if let (epoch, at) = position {
            output += #","Epoch":"#.utf8
            JSONValue.string(epoch.description).write(to: &output)
            output += #","MsgSeq":\#(at.messageSeq),"EventSeq":\#(at.eventSeq)"#.utf8
        }
        output.append(UInt8(ascii: "}"))
    }

    package static func == (one: Self, other: Self) -> Bool {
        one.content == other.content && one.position?.epoch == other.position?.epoch
            && one.position?.at == other.position?.at
    }
}

extension [UInt8] {
    /// Appends values that are JSON already as a JSON array.
    fileprivate mutating func append(array values: [[UInt8]]) {
        append(UInt8(ascii: "["))
        for (index, value) in values.enumerated() {
            if index > 0 { append(UInt8(ascii: ",")) }
            append(contentsOf: value)
        }
        append(UInt8(ascii: "]"))
    }
}
