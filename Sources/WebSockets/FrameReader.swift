package import NIOCore

/// Makes messages of the bytes that a client sends, and finds whatever is wrong with them at the first wrong byte.
///
/// NIOWebSocket's decoder hands out a frame when it is whole, so a frame that is unmasked, too big or no UTF-8 would be
/// found out only after its last byte, and nobody could see that a frame has begun. This one is a value: a connection
/// costs no further handler, and whether a message is on its way can be asked.
///
/// Source: RFC 6455 sections 5 and 7.4.
package struct FrameReader {
    package enum Event: Equatable {
        case text(ByteBuffer), binary(ByteBuffer)
        case ping(ByteBuffer), pong
        /// With the code that the peer gives, if it gives one.
        case close(WebSocketCloseCode?)
    }

    /// What the peer did wrong; nothing can be read after it.
    package struct Violation: Error, Equatable {
        package let code: WebSocketCloseCode
        package let explanation: String

        init(_ code: WebSocketCloseCode, _ explanation: String) {
            (self.code, self.explanation) = (code, explanation)
        }
    }

    /// What the next byte belongs to.
    private enum Phase {
        case start, length, extendedLength, mask, payload
    }

    private struct Message {
        let isText: Bool
        var payload = ByteBuffer()
        var fragments = 0
        var check = UTF8Check()
    }

    private let largestMessage: Int
    private let mostFragments: Int
    private var phase = Phase.start
    private var opcode = Opcode.continuation
    private var isFinal = false
    /// The number in the header that is being read, and how many bytes of it are missing.
    private var number: UInt64 = 0
    private var numberBytes = 0
    /// How much of the frame's payload has not come yet.
    private var payloadBytes = 0
    /// Its lowest byte is for the next byte of the payload.
    private var mask: UInt32 = 0
    private var lesserFrames = 0
    private var message: Message?
    private var control = ByteBuffer()

    package init(largestMessage: Int, mostFragments: Int) {
        (self.largestMessage, self.mostFragments) = (largestMessage, mostFragments)
    }

    /// Whether a message or a frame has begun that is not whole yet.
    package var isInMiddle: Bool { phase != .start || message != nil }

    /// How many frames came since the last call that began no message: control frames and continuations.
    package mutating func takeLesserFrames() -> Int {
        defer { lesserFrames = 0 }
        return lesserFrames
    }

    /// Takes bytes until something is whole.
    ///
    /// - Returns: nil when all bytes were taken.
    package mutating func next(from bytes: inout ByteBuffer) throws(Violation) -> Event? {
        while true {
            if phase == .payload {
                if let event = try readPayload(from: &bytes) { return event }
                if phase == .payload { return nil }
                continue
            }
            guard let byte = bytes.readInteger(as: UInt8.self) else { return nil }
            switch phase {
            case .start: try begin(byte)
            case .length: try readLength(byte)
            case .extendedLength, .mask:
                number = number << 8 | UInt64(byte)
                numberBytes -= 1
                if numberBytes == 0 { try endNumber() }
            case .payload: break
            }
        }
    }

    private mutating func begin(_ byte: UInt8) throws(Violation) {
        guard byte & 0x70 == 0 else { throw Violation(.protocolError, "No extension was agreed on.") }
        guard let opcode = Opcode(rawValue: byte & 0x0F) else {
            throw Violation(.protocolError, "There is no such opcode.")
        }
        isFinal = byte & 0x80 != 0
        self.opcode = opcode
        if opcode != .text, opcode != .binary { lesserFrames += 1 }
        switch opcode {
        case .continuation:
            guard message != nil else { throw Violation(.protocolError, "There is no message to continue.") }
        case .text, .binary:
            guard message == nil else { throw Violation(.protocolError, "The message before has not ended.") }
            message = Message(isText: opcode == .text)
        case .close, .ping, .pong:
            guard isFinal else { throw Violation(.protocolError, "A control frame comes in one piece.") }
        }
        phase = .length
    }

    private mutating func readLength(_ byte: UInt8) throws(Violation) {
        guard byte & 0x80 != 0 else { throw Violation(.protocolError, "A client masks its frames.") }
        let length = byte & 0x7F
        guard length > WebSocketFrames.mostControlBytes else {
            number = UInt64(length)
            return try endLength()
        }
        guard !opcode.isControl else { throw Violation(.protocolError, "A control frame has at most 125 bytes.") }
        expect(length == 126 ? 2 : 8, in: .extendedLength)
    }

    private mutating func expect(_ bytes: Int, in phase: Phase) {
        (number, numberBytes, self.phase) = (0, bytes, phase)
    }

    private mutating func endNumber() throws(Violation) {
        guard phase == .mask else { return try endLength() }
        // The first byte that came is the lowest.
        mask = UInt32(truncatingIfNeeded: number).byteSwapped
        phase = .payload
    }

    private mutating func endLength() throws(Violation) {
        if !opcode.isControl, let before = message?.payload.readableBytes {
            let fragments = message.map { $0.fragments + 1 } ?? 0
            guard number <= UInt64(largestMessage - before) else {
                throw Violation(.messageTooBig, "A message has at most \(largestMessage) bytes.")
            }
            guard fragments <= mostFragments else {
                throw Violation(.messageTooBig, "A message comes in at most \(mostFragments) fragments.")
            }
            message?.fragments = fragments
        }
        payloadBytes = Int(number)
        expect(4, in: .mask)
    }

    /// - Returns: what is whole now; nil when it is not, or when another fragment follows.
    private mutating func readPayload(from bytes: inout ByteBuffer) throws(Violation) -> Event? {
        let count = min(payloadBytes, bytes.readableBytes)
        if opcode.isControl {
            control.write(count, from: &bytes, unmaskedBy: &mask)
        } else {
            try takePart(count, from: &bytes)
        }
        payloadBytes -= count
        guard payloadBytes == 0 else { return nil }
        phase = .start
        if opcode.isControl { return try endControl() }
        return isFinal ? try endMessage() : nil
    }

    private mutating func takePart(_ count: Int, from bytes: inout ByteBuffer) throws(Violation) {
        // Out of the storage and back in, so that the buffer has one owner while it is written to.
        guard count > 0, var message else { return }
        self.message = nil
        defer { self.message = message }
        let before = message.payload.readableBytes
        message.payload.write(count, from: &bytes, unmaskedBy: &mask)
        guard message.isText else { return }
        let isText = message.payload.withUnsafeReadableBytes { all in
            message.check.take(UnsafeRawBufferPointer(rebasing: all[before...]))
        }
        guard isText else { throw Violation(.invalidText, "The text is no UTF-8.") }
    }

    private mutating func endMessage() throws(Violation) -> Event? {
        guard let message else { return nil }
        self.message = nil
        guard message.isText else { return .binary(message.payload) }
        guard message.check.isComplete else { throw Violation(.invalidText, "The text ends within a character.") }
        return .text(message.payload)
    }

    private mutating func endControl() throws(Violation) -> Event? {
        let payload = control
        control = ByteBuffer()
        switch opcode {
        case .ping: return .ping(payload)
        case .pong: return .pong
        default: return .close(try Self.closeCode(payload))
        }
    }

    private static func closeCode(_ payload: ByteBuffer) throws(Violation) -> WebSocketCloseCode? {
        guard payload.readableBytes > 0 else { return nil }
        var reason = payload
        guard let number = reason.readInteger(as: UInt16.self) else {
            throw Violation(.protocolError, "A code to close with has two bytes.")
        }
        let code = WebSocketCloseCode(rawValue: number)
        guard code.mayBeReceived else { throw Violation(.protocolError, "A client does not close with this code.") }
        var check = UTF8Check()
        guard reason.withUnsafeReadableBytes({ check.take($0) }), check.isComplete else {
            throw Violation(.invalidText, "The reason is no UTF-8.")
        }
        return code
    }
}
