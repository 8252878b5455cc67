/// A message between nodes: a kind, and fields that each have a tag.
///
/// Nodes may be of adjacent versions, so a reader passes over fields that it does not know, and over whole frames of a
/// kind that it does not know. A tag is never given another meaning.
///
/// In bytes: the format's version, the kind, then for each field its tag, the length of its value (seven bits in a
/// byte, the lowest first) and the value. Numbers are eight bytes, the highest first.
package struct Frame: Sendable, Equatable {
    /// What stands in the first byte.
    package static let format: UInt8 = 1

    package enum Kind: UInt8 {
        case applicationChanged = 1
        case applicationEmptied = 2
        case accountKicked = 3
        case accountsDeleted = 4
        case outboxFilled = 5
        case channel = 6
        case channelMoved = 7
        case subscriptions = 8
        case sessions = 9
        /// The sender may have lost something.
        case gap = 10
        /// A node is there, or leaves.
        case node = 11
        case question = 12
        case answer = 13
        case storageChanged = 14
    }

    package enum Tag: UInt8 {
        /// Which node sent it.
        case origin = 1
        case application = 2
        /// One field for each user.
        case user = 3
        case channel = 4
        case incarnation = 5
        case messageSeq = 6
        case eventSeq = 7
        case committedAt = 8
        /// A notification's method.
        case method = 9
        case parameters = 10
        /// There when a notification is nowhere but in the frame.
        case isOnlineOnly = 11
        /// What became of subscriptions.
        case change = 12
        case round = 13
        case newest = 14
        case limit = 15
        case isQuestion = 16
        case node = 17
        /// One field for each session: its instance and when it opened.
        case session = 18
        case version = 19
        /// One field for each role.
        case role = 20
        case isLeaving = 21
        /// A question's or an answer's content.
        case content = 22
        /// Which history of the storage a node has seen, or an event is of.
        case lineage = 23
        /// The number of a change of subscriptions.
        case subscriptionVersion = 24
    }

    package private(set) var bytes: [UInt8]

    package init(_ kind: Kind, from node: String) {
        bytes = [Self.format, kind.rawValue]
        add(.origin, node)
    }

    package mutating func add(_ tag: Tag, _ value: some Collection<UInt8>) {
        bytes.append(tag.rawValue)
        var length = UInt32(clamping: value.count)
        while length > 0x7F {
            bytes.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        bytes.append(UInt8(length))
        bytes += value
    }

    package mutating func add(_ tag: Tag, _ text: String) {
        add(tag, text.utf8)
    }

    package mutating func add(_ tag: Tag, _ number: Int64) {
        add(tag, number.wireBytes)
    }

    /// A field whose presence is what it says.
    package mutating func add(_ tag: Tag) {
        add(tag, EmptyCollection())
    }
}

/// The fields of a frame that was received.
package struct ReadFrame: Sendable {
    /// Nil for one of a later version.
    package let kind: Frame.Kind?
    private var fields: [(tag: UInt8, value: ArraySlice<UInt8>)] = []

    /// Nil unless the bytes are a frame.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count >= 2, bytes[0] == Frame.format else { return nil }
        kind = Frame.Kind(rawValue: bytes[1])
        var rest = bytes[2...]
        while let tag = rest.popFirst() {
            guard let length = Self.takeLength(&rest), length <= rest.count else { return nil }
            fields.append((tag, rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
    }

    private static func takeLength(_ rest: inout ArraySlice<UInt8>) -> Int? {
        var length = 0
        for shift in [0, 7, 14, 21, 28] {
            guard let byte = rest.popFirst() else { return nil }
            length |= Int(byte & 0x7F) << shift
            if byte < 0x80 { return length }
        }
        return nil
    }

    func all(_ tag: Frame.Tag) -> [ArraySlice<UInt8>] {
        fields.filter { $0.tag == tag.rawValue }.map(\.value)
    }

    func bytes(_ tag: Frame.Tag) -> [UInt8]? {
        fields.first { $0.tag == tag.rawValue }.map { Array($0.value) }
    }

    func has(_ tag: Frame.Tag) -> Bool {
        fields.contains { $0.tag == tag.rawValue }
    }

    package func text(_ tag: Frame.Tag) -> String? {
        bytes(tag).flatMap { String(validating: $0, as: UTF8.self) }
    }

    func texts(_ tag: Frame.Tag) -> [String] {
        all(tag).compactMap { String(validating: $0, as: UTF8.self) }
    }

    package func number(_ tag: Frame.Tag) -> Int64? {
        fields.first { $0.tag == tag.rawValue }.flatMap { Int64(wireBytes: $0.value) }
    }

    /// What can be counted or be a time: with such numbers everybody can reckon, and none overflows.
    static let counts: ClosedRange<Int64> = 0...1 << 62

    /// Which history of the storage a node has seen, or an event is of: a timeline of PostgreSQL, which has 32 bits.
    var lineage: Int64? {
        number(.lineage).flatMap { (1...Int64(UInt32.max)).contains($0) ? $0 : nil }
    }

    /// A number that something is counted or timed by.
    func count(_ tag: Frame.Tag) -> Int64? {
        number(tag).flatMap { Self.counts.contains($0) ? $0 : nil }
    }
}

extension Int64 {
    /// Eight bytes, the highest first.
    var wireBytes: [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: self >> (56 - 8 * $0)) }
    }

    init?(wireBytes bytes: ArraySlice<UInt8>) {
        guard bytes.count == 8 else { return nil }
        self = bytes.reduce(0) { $0 << 8 | Int64($1) }
    }
}
