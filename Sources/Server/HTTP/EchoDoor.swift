import Emulator
import NIOCore
import NIOHTTP1
import WebSockets

/// `/dev/echo` of the emulator: gives back every message, for whoever tests a client or this server's protocol.
///
/// As local as the emulator's other doors.
struct EchoDoor: WebSocketDoor {
    static let path = "/dev/echo"

    func decide(_ request: UpgradeRequest, on eventLoop: any EventLoop) -> EventLoopFuture<UpgradeDecision> {
        let headers = request.headers
        let caller = EmulatorDoors.Caller(
            address: request.peer,
            host: headers.first(name: "host"),
            origin: headers.first(name: "origin"),
            isForwarded: headers.contains(name: "x-forwarded-for") || headers.contains(name: "forwarded")
        )
        guard caller.isLocal else {
            let answer = EmulatorDoors.Answer.notLocal
            return eventLoop.makeSucceededFuture(
                .refuse(
                    status: HTTPResponseStatus(statusCode: answer.status),
                    headers: ["content-type": "application/json"],
                    body: answer.body
                )
            )
        }
        return eventLoop.makeSucceededFuture(.accept(subprotocol: nil) { Echo() })
    }
}

/// Sends back what comes, and reads no more while the peer does not take it.
private final class Echo: WebSocketReceiver {
    private var connection: WebSocketConnection?
    private var nextTick: Scheduled<Void>?

    func opened(_ connection: WebSocketConnection) {
        self.connection = connection
        tickLater(connection)
    }

    func received(text: ByteBuffer) {
        send(WebSocketFrames.text(text))
    }

    func received(binary: ByteBuffer) {
        send(WebSocketFrames.binary(binary))
    }

    func drained() {
        connection?.resumeReading()
    }

    func closed() {
        nextTick?.cancel()
        connection = nil
    }

    private func tickLater(_ connection: WebSocketConnection) {
        nextTick = connection.eventLoop.assumeIsolated().scheduleTask(in: .seconds(5)) {
            connection.tick(now: .now())
            self.tickLater(connection)
        }
    }

    private func send(_ frame: ByteBuffer) {
        if connection?.sendAlways(frame) == .queued { connection?.suspendReading() }
    }
}
