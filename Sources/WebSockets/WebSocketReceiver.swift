package import NIOCore

/// Whom the messages of one connection go to; called on the connection's event loop, in order.
package protocol WebSocketReceiver: AnyObject {
    /// The connection is ready to be written to. It is valid until ``closed()``.
    func opened(_ connection: WebSocketConnection)

    /// A whole message: valid UTF-8 of at most ``WebSocketConnection/largestMessage`` bytes, in a buffer of its own.
    func received(text: ByteBuffer)

    /// A whole message of at most ``WebSocketConnection/largestMessage`` bytes, in a buffer of its own.
    func received(binary: ByteBuffer)

    /// So much waited that ``WebSocketConnection/send(_:)`` would have refused more, and it would not any more.
    func eased()

    /// Nothing waits to be written any more; called once after sends that were not ``WebSocketConnection/Sending/written``.
    func drained()

    /// ``WebSocketConnection/clearSocket`` is there from now on, or is not there any more.
    func clearChanged()

    /// The peer has gone and says nothing more: ``WebSocketConnection/abandon()`` is to be called, now or soon.
    ///
    /// Closing costs, and peers may go by the thousand: whoever has many connections closes them bit by bit.
    func abandoned(_ connection: WebSocketConnection)

    /// The connection is gone. Called exactly once, after ``opened(_:)``; nothing is called after it.
    func closed()
}

extension WebSocketReceiver {
    /// Does nothing: for whoever waits for ``drained()``, or for nothing.
    package func eased() {}

    /// Does nothing: for whoever sends by the connection alone.
    package func clearChanged() {}

    /// Closes it now.
    package func abandoned(_ connection: WebSocketConnection) {
        connection.abandon()
    }
}
