import CNATS
import Synchronization

/// What a subscription brings.
enum NATSMessageKind: Sendable, CaseIterable {
    case event, node, question, answer
}

/// Who is told what happens on a connection, on threads of the C library; it must not block.
protocol NATSReceiver: AnyObject, Sendable {
    func received(_ kind: NATSMessageKind, _ payload: [UInt8], on subject: String, reply: String?)
    /// The connection is over for good.
    func ended(connection: UInt)
    /// Messages are being dropped because they are not taken fast enough; how long that goes on is not told.
    func dropped()
    /// The server does not allow something, or the library has another trouble that does not end the connection.
    func complained(of fault: String)
}

/// Finds the receiver of a connection by the number that callbacks carry in place of a pointer.
///
/// The C library may be in the middle of a callback when a connection is given up. It then finds nobody, where a
/// pointer would lead to an object that is gone.
enum NATSReceivers {
    private struct Entry {
        weak var receiver: (any NATSReceiver)?
    }

    private static let entries = Mutex<(last: UInt, byNumber: [UInt: Entry])>((0, [:]))

    static func add(_ receiver: any NATSReceiver) -> UInt {
        entries.withLock { entries in
            entries.last += 1
            entries.byNumber[entries.last] = Entry(receiver: receiver)
            return entries.last
        }
    }

    static func remove(_ number: UInt) {
        entries.withLock { _ = $0.byNumber.removeValue(forKey: number) }
    }

    static func find(_ closure: UnsafeMutableRawPointer?) -> (any NATSReceiver)? {
        entries.withLock { $0.byNumber[UInt(bitPattern: closure)]?.receiver }
    }
}

// Free functions: a closure that is handed to C from an isolated context traps when C calls it on a thread of its own.

func natsReceivedEvent(
    _: OpaquePointer?,
    _: OpaquePointer?,
    _ message: OpaquePointer?,
    _ closure: UnsafeMutableRawPointer?
) {
    natsReceived(.event, message, closure)
}

func natsReceivedNode(
    _: OpaquePointer?,
    _: OpaquePointer?,
    _ message: OpaquePointer?,
    _ closure: UnsafeMutableRawPointer?
) {
    natsReceived(.node, message, closure)
}

func natsReceivedQuestion(
    _: OpaquePointer?,
    _: OpaquePointer?,
    _ message: OpaquePointer?,
    _ closure: UnsafeMutableRawPointer?
) {
    natsReceived(.question, message, closure)
}

func natsReceivedAnswer(
    _: OpaquePointer?,
    _: OpaquePointer?,
    _ message: OpaquePointer?,
    _ closure: UnsafeMutableRawPointer?
) {
    natsReceived(.answer, message, closure)
}

private func natsReceived(_ kind: NATSMessageKind, _ message: OpaquePointer?, _ closure: UnsafeMutableRawPointer?) {
    defer { natsMsg_Destroy(message) }
    guard let receiver = NATSReceivers.find(closure), let subject = natsMsg_GetSubject(message) else { return }
    let length = Int(natsMsg_GetDataLength(message))
    let data = UnsafeRawBufferPointer(start: natsMsg_GetData(message), count: length)
    let reply = natsMsg_GetReply(message).map { String(cString: $0) }
    receiver.received(kind, Array(data), on: String(cString: subject), reply: reply)
}

func natsClosed(_: OpaquePointer?, _ closure: UnsafeMutableRawPointer?) {
    NATSReceivers.find(closure)?.ended(connection: UInt(bitPattern: closure))
}

func natsFailed(_: OpaquePointer?, _: OpaquePointer?, _ status: natsStatus, _ closure: UnsafeMutableRawPointer?) {
    guard let receiver = NATSReceivers.find(closure) else { return }
    guard status != NATS_SLOW_CONSUMER else { return receiver.dropped() }
    receiver.complained(of: natsStatus_GetText(status).map { String(cString: $0) } ?? "")
}
