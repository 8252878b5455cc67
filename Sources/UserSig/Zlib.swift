import CZlib
import FoundationEssentials

/// Whole zlib streams (RFC 1950) in memory.
enum Zlib {
    /// Compresses `bytes` at zlib's default level.
    static func deflate(_ bytes: [UInt8]) -> [UInt8] {
        let bound = compressBound(uLong(bytes.count))
        return [UInt8](unsafeUninitializedCapacity: Int(bound)) { stream, count in
            var length = bound
            let status = compress(stream.baseAddress, &length, bytes, uLong(bytes.count))
            // Given compressBound's room, compress fails only without memory, where Swift's own allocations stop us too.
            precondition(status == Z_OK, "zlib cannot allocate memory to compress with")
            count = Int(length)
        }
    }

    /// Decompresses `stream`, which must be one complete zlib stream and nothing more.
    ///
    /// The output buffer has `limit` bytes and never grows, so a bomb costs no more than an honest stream of that size.
    /// - Throws: `.documentTooLarge` beyond `limit` bytes, `.notZlib` for a damaged, unfinished or trailed stream.
    static func inflate(_ stream: [UInt8], limit: Int) throws(UserSigError) -> Data {
        var consumed = uLong(stream.count)
        let (status, output) = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: limit) { buffer in
            var length = uLong(limit)
            let status = uncompress2(buffer.baseAddress, &length, stream, &consumed)
            return (status, status == Z_OK ? Data(buffer.prefix(Int(length))) : Data())
        }
        switch status {
        case Z_OK where consumed == uLong(stream.count): return output
        case Z_BUF_ERROR: throw .malformed(.documentTooLarge)
        default: throw .malformed(.notZlib)
        }
    }
}
