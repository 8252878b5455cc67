import NIOCore

extension ByteBuffer {
    /// Moves `count` readable bytes of `source` to the end of this buffer and takes their mask off
    /// (RFC 6455 section 5.3).
    ///
    /// - Parameter mask: its lowest byte is for the first byte; it is left turned for the byte after the last.
    mutating func write(_ count: Int, from source: inout ByteBuffer, unmaskedBy mask: inout UInt32) {
        guard count > 0 else { return }
        let key = mask
        writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
            source.readWithUnsafeReadableBytes { masked in
                Self.unmask(UnsafeRawBufferPointer(rebasing: masked[..<count]), key, into: target)
                return count
            }
            return count
        }
        let turn = UInt32(count % 4) * 8
        if turn > 0 { mask = mask >> turn | mask << (32 - turn) }
    }

    private static func unmask(
        _ masked: UnsafeRawBufferPointer,
        _ mask: UInt32,
        into target: UnsafeMutableRawBufferPointer
    ) {
        let wide = (UInt64(mask) << 32 | UInt64(mask)).littleEndian
        var index = 0
        while index + 8 <= masked.count {
            let word = masked.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ wide
            target.storeBytes(of: word, toByteOffset: index, as: UInt64.self)
            index += 8
        }
        while index < masked.count {
            target[index] = masked[index] ^ UInt8(truncatingIfNeeded: mask >> (UInt32(index % 4) * 8))
            index += 1
        }
    }
}
