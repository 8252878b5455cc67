package import NIOCore

/// Frames as a server sends them: whole, unmasked, header and payload in one buffer (RFC 6455 section 5.2).
///
/// A frame may be sent to any number of connections; they share its bytes.
package enum WebSocketFrames {
    /// - Parameter payload: UTF-8.
    package static func text(_ payload: some Collection<UInt8>) -> ByteBuffer {
        frame(.text, payload)
    }

    package static func text(_ payload: String) -> ByteBuffer {
        frame(.text, payload.utf8)
    }

    /// - Parameter payload: UTF-8.
    package static func text(_ payload: ByteBuffer) -> ByteBuffer {
        frame(.text, payload.readableBytesView)
    }

    package static func binary(_ payload: some Collection<UInt8>) -> ByteBuffer {
        frame(.binary, payload)
    }

    package static func binary(_ payload: ByteBuffer) -> ByteBuffer {
        frame(.binary, payload.readableBytesView)
    }

    /// A ping without a payload.
    package static let ping = frame(.ping, [])

    /// - Parameter payload: what stood in the ping, at most 125 bytes.
    package static func pong(_ payload: ByteBuffer) -> ByteBuffer {
        frame(.pong, payload.readableBytesView.prefix(mostControlBytes))
    }

    /// - Parameter reason: cut after the last whole character within the 123 bytes that there is room for.
    package static func close(_ code: WebSocketCloseCode, reason: String = "") -> ByteBuffer {
        var payload = [UInt8(code.rawValue >> 8), UInt8(truncatingIfNeeded: code.rawValue)]
        for character in reason {
            guard payload.count + character.utf8.count <= mostControlBytes else { break }
            payload += character.utf8
        }
        return frame(.close, payload)
    }

    /// A close frame that gives no code.
    static let emptyClose = frame(.close, [])

    /// How long the payload of a control frame may be.
    static let mostControlBytes = 125

    private static func frame(_ opcode: Opcode, _ payload: some Collection<UInt8>) -> ByteBuffer {
        let length = payload.count
        var frame = ByteBufferAllocator().buffer(capacity: length + 10)
        frame.writeInteger(0x80 | opcode.rawValue)
        if length <= 125 {
            frame.writeInteger(UInt8(length))
        } else if let length = UInt16(exactly: length) {
            frame.writeInteger(126 as UInt8)
            frame.writeInteger(length)
        } else {
            frame.writeInteger(127 as UInt8)
            frame.writeInteger(UInt64(length))
        }
        frame.writeBytes(payload)
        return frame
    }
}

/// What a frame is (RFC 6455 section 11.8).
enum Opcode: UInt8 {
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    var isControl: Bool { rawValue & 0x8 != 0 }
}
