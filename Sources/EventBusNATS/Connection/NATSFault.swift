import CNATS

/// Why the C library could not do something.
struct NATSFault: Error, CustomStringConvertible {
    let status: natsStatus
    /// What was being done.
    let action: String

    var description: String { "\(action): \(natsStatus_GetText(status).map { String(cString: $0) } ?? "")" }
}

/// Throws unless it went well.
func check(_ status: natsStatus, _ action: String) throws(NATSFault) {
    guard status == NATS_OK else { throw NATSFault(status: status, action: action) }
}
