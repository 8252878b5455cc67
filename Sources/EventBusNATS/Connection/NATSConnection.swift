import CNATS

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// One connection to one server; when it ends, it ends for good.
///
/// Unchecked, because the compiler does not know that the C library locks a connection in each of its functions. The
/// pointer is set once, and what it points to is there until the last reference to this object has gone.
final class NATSConnection: @unchecked Sendable {
    /// How often the server is asked whether it is there, in milliseconds; at the third silence the connection is over.
    static let pingInterval: Int64 = 2000
    static let mostPingsOut: Int32 = 2
    /// In milliseconds, of one server.
    static let connectTimeout: Int64 = 1000
    /// How long a server may take to read what is written to it, in milliseconds.
    static let writeDeadline: Int64 = 2000
    /// Messages that wait until they are taken, of each subscription.
    static let mostPending: Int32 = 65_536

    /// What callbacks carry.
    let number: UInt
    private let pointer: OpaquePointer

    /// Connects to the first of the servers that answers; blocks until then.
    init(
        to servers: [String],
        _ settings: NATSSettings,
        name: String,
        for receiver: any NATSReceiver
    ) throws(NATSFault) {
        let options = try Self.makeOptions(settings, name)
        defer { natsOptions_Destroy(options) }
        let number = NATSReceivers.add(receiver)
        let closure = UnsafeMutableRawPointer(bitPattern: number)
        do throws(NATSFault) {
            try check(
                Self.withCStrings(servers.map { "nats://\($0)" }) { urls in
                    urls.withUnsafeMutableBufferPointer {
                        natsOptions_SetServers(options, $0.baseAddress, Int32($0.count))
                    }
                },
                "name the servers"
            )
            try check(natsOptions_SetClosedCB(options, natsClosed, closure), "set options")
            try check(natsOptions_SetErrorHandler(options, natsFailed, closure), "set options")
            var pointer: OpaquePointer?
            try check(natsConnection_Connect(&pointer, options), "connect")
            guard let pointer else { throw NATSFault(status: NATS_NO_MEMORY, action: "connect") }
            (self.pointer, self.number) = (pointer, number)
        } catch {
            NATSReceivers.remove(number)
            throw error
        }
    }

    deinit {
        NATSReceivers.remove(number)
        natsConnection_Destroy(pointer)
    }

    private static func withCStrings<Value>(
        _ texts: [String],
        _ body: (inout [UnsafePointer<CChar>?]) -> Value
    ) -> Value {
        let copies = texts.map { text in
            let bytes = Array(text.utf8CString)
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
            copy.initialize(from: bytes, count: bytes.count)
            return copy
        }
        defer { for copy in copies { copy.deallocate() } }
        var pointers = copies.map { Optional(UnsafePointer($0)) }
        return body(&pointers)
    }

    // MARK: What is done over it

    /// What became of a message.
    enum Writing {
        /// It was written, and may still be lost.
        case written
        /// It is one that the bus does not carry; others are.
        case refused
        /// It, or a part of it, may not have been written, so that nothing can follow it.
        case broken
    }

    /// Hands a message to the connection and writes it; blocks no longer than ``writeDeadline``.
    func publish(_ publication: Publication) -> Writing {
        guard let count = Int32(exactly: publication.payload.count) else { return .refused }
        let status = publication.payload.withUnsafeBytes { payload in
            let data = payload.baseAddress
            guard let reply = publication.reply else {
                return natsConnection_Publish(pointer, publication.subject, data, count)
            }
            return natsConnection_PublishRequest(pointer, publication.subject, reply, data, count)
        }
        switch status {
        case NATS_OK: return .written
        case NATS_MAX_PAYLOAD, NATS_INVALID_SUBJECT, NATS_INVALID_ARG: return .refused
        default: return .broken
        }
    }

    /// Bytes that the server takes in one message.
    var mostBytes: Int { Int(natsConnection_GetMaxPayload(pointer)) }

    /// Whether the server has taken everything that was written before; blocks until it says so.
    func flush(within milliseconds: Int64) -> Bool {
        natsConnection_FlushTimeout(pointer, milliseconds) == NATS_OK
    }

    func subscribe(to subject: String, _ kind: NATSMessageKind) -> NATSSubscription? {
        let handler: natsMsgHandler =
            switch kind {
            case .event: natsReceivedEvent
            case .node: natsReceivedNode
            case .question: natsReceivedQuestion
            case .answer: natsReceivedAnswer
            }
        var subscription: OpaquePointer?
        let closure = UnsafeMutableRawPointer(bitPattern: number)
        guard natsConnection_Subscribe(&subscription, pointer, subject, handler, closure) == NATS_OK else { return nil }
        return subscription.map(NATSSubscription.init)
    }

    /// Ends it; who holds it can do nothing more with it.
    func close() {
        natsConnection_Close(pointer)
    }

    /// Where it leads, without credentials.
    var server: String {
        var url = [CChar](repeating: 0, count: 512)
        guard natsConnection_GetConnectedUrl(pointer, &url, url.count) == NATS_OK else { return "" }
        let text = String(decoding: url.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return Self.address(text)
    }

    /// Every server that is known: those that were named, and those that these told of.
    var servers: [String] {
        var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        var count: Int32 = 0
        guard natsConnection_GetServers(pointer, &list, &count) == NATS_OK, let list else { return [] }
        defer { free(list) }
        return (0..<Int(count)).compactMap { index in
            list[index].map { url in
                defer { free(url) }
                return Self.address(String(cString: url))
            }
        }
    }

    /// Host and port of a URL.
    private static func address(_ url: String) -> String {
        var rest = url[...]
        if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
        if let at = rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        return String(rest)
    }
}
