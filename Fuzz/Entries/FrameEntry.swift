import NIOCore
import WebSockets

extension Entry {
    /// The bytes that a client sends on a live connection; the first one says how they are cut into pieces.
    static let frames = Entry("frames") { bytes throws(Objection) in
        guard let first = bytes.first else { return }
        let stream = Array(bytes.dropFirst())
        let whole = Reading(of: [stream])
        let pieces = Reading(of: stream.cut(to: Int(first) % 16 + 1))
        try demand(pieces == whole, "in pieces the bytes say \(pieces), at once \(whole)")
        try demand(Reading(of: stream.cut(to: 1)) == whole, "byte by byte the bytes say something else")
        for case .text(let text) in whole.events {
            try demand(String(validating: text.readableBytesView, as: UTF8.self) != nil, "a text is no UTF-8")
            try demand(text.readableBytes <= Reading.largestMessage, "a text has \(text.readableBytes) bytes")
        }
        // What was read, sent again by another client in frames of its own, is the same.
        let again = Reading(of: [whole.events.flatMap { $0.frame(masked: [first, 0x5A, 0, 0xFF]) }])
        try demand(again.events == whole.events, "what was read comes back as something else")
    }

    /// What came of bytes.
    private struct Reading: Equatable {
        static let largestMessage = 300

        var events: [FrameReader.Event] = []
        var violation: FrameReader.Violation?
        var isInMiddle = false

        init(of pieces: [[UInt8]]) {
            var reader = FrameReader(largestMessage: Self.largestMessage, mostFragments: 4)
            do throws(FrameReader.Violation) {
                for piece in pieces {
                    var buffer = ByteBuffer(bytes: piece)
                    while let event = try reader.next(from: &buffer) { events.append(event) }
                }
                isInMiddle = reader.isInMiddle
            } catch {
                violation = error
            }
        }
    }
}

extension [UInt8] {
    fileprivate func cut(to length: Int) -> [[UInt8]] {
        stride(from: 0, to: count, by: length).map { Array(self[$0..<Swift.min($0 + length, count)]) }
    }
}

extension FrameReader.Event {
    /// The event as a client sends it, in one frame.
    fileprivate func frame(masked mask: [UInt8]) -> [UInt8] {
        let (opcode, payload): (UInt8, [UInt8]) =
            switch self {
            case .text(let text): (0x1, Array(text.readableBytesView))
            case .binary(let bytes): (0x2, Array(bytes.readableBytesView))
            case .close(let code): (0x8, code.map { [UInt8($0.rawValue >> 8), UInt8($0.rawValue & 0xFF)] } ?? [])
            case .ping(let payload): (0x9, Array(payload.readableBytesView))
            case .pong: (0xA, [])
            }
        let length: [UInt8] =
            payload.count < 126
            ? [0x80 | UInt8(payload.count)] : [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        return [0x80 | opcode] + length + mask + payload.enumerated().map { $1 ^ mask[$0 % 4] }
    }
}
