import CNATS

extension NATSSettings {
    /// Connects to the first of the servers that answers, says nothing, and goes; blocks for a second for each at most.
    ///
    /// - Returns: where it was, and how many servers there are that know of each other.
    package func tryToConnect() throws(Invalid) -> (server: String, known: Int) {
        do throws(NATSFault) {
            let connection = try NATSConnection(to: servers, self, name: "rostrum doctor", for: Nobody())
            defer { connection.close() }
            guard connection.flush(within: NATSConnection.writeDeadline) else {
                throw NATSFault(status: NATS_TIMEOUT, action: "ask \(connection.server)")
            }
            return (connection.server, connection.servers.count)
        } catch {
            throw Invalid(description: error.description)
        }
    }
}

/// Who waits for nothing.
private final class Nobody: NATSReceiver {
    func received(_ kind: NATSMessageKind, _ payload: [UInt8], on subject: String, reply: String?) {}
    func ended(connection: UInt) {}
    func dropped() {}
    func complained(of fault: String) {}
}
