import Chat
import ChatProtocol
import Database
import Hummingbird
import Logging
import NIOCore

/// Whether the process lives, and whether it can do its work.
struct Health: Sendable {
    let database: any Database
    let clock: any WallClock
    let logger: Logger

    /// The process answers: what a supervisor asks before it restarts it.
    static let alive = response(.ok, #"{"status":"alive"}"#)

    /// The storage takes a durable write: what a load balancer asks before it sends callers.
    func ready() async -> Response {
        let moment = String(clock.now.milliseconds)
        do throws(ChatError) {
            try await database.write { tx throws(ChatError) in
                try StorageProperty.readinessProbe.set(moment, in: tx)
            }
            return Self.response(.ok, #"{"status":"ready","storage":"writable"}"#)
        } catch {
            logger.error("not ready", metadata: ["error.cause": "\(error.cause.map(String.init(reflecting:)) ?? "-")"])
            return Self.response(.serviceUnavailable, #"{"status":"unavailable","storage":"not writable"}"#)
        }
    }

    private static func response(_ status: HTTPResponse.Status, _ body: String) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: body))
        )
    }
}
