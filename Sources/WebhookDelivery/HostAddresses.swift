#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// The addresses that a host of a URL stands for, as the system finds them.
package enum HostAddresses {
    /// Asks the system's resolver, which may block for as long as its servers take.
    ///
    /// - Returns: the addresses as text; none when the name is not found.
    package static func lookUp(_ name: String) -> [String] {
        find(name, flags: 0)
    }

    /// The address that `host` spells, nil when it is a name.
    ///
    /// In every spelling that the system takes for one: `127.1`, `2130706433`, `0x7f.1`, `0177.0.0.1`, `::1`. Does not
    /// block.
    static func literal(_ host: String) -> String? {
        find(host, flags: AI_NUMERICHOST).first
    }

    private static func find(_ host: String, flags: Int32) -> [String] {
        // What C would take for the end of the text is no part of a host.
        guard !host.utf8.contains(0) else { return [] }
        var hints = addrinfo()
        hints.ai_flags = flags
        #if canImport(Glibc)
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
        hints.ai_socktype = SOCK_STREAM
        #endif
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &first) == 0 else { return [] }
        defer { freeaddrinfo(first) }
        return sequence(first: first) { $0?.pointee.ai_next }.compactMap { $0.flatMap(text) }
    }

    private static func text(of info: UnsafeMutablePointer<addrinfo>) -> String? {
        guard let address = info.pointee.ai_addr else { return nil }
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let isWritten = buffer.withUnsafeMutableBufferPointer { buffer in
            switch info.pointee.ai_family {
            case AF_INET:
                address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    var bytes = $0.pointee.sin_addr
                    return inet_ntop(AF_INET, &bytes, buffer.baseAddress, socklen_t(buffer.count)) != nil
                }
            case AF_INET6:
                address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                    var bytes = $0.pointee.sin6_addr
                    return inet_ntop(AF_INET6, &bytes, buffer.baseAddress, socklen_t(buffer.count)) != nil
                }
            default: false
            }
        }
        guard isWritten else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
