package import Chat
import ChatProtocol
package import Database
import Hummingbird
package import Logging
import NIOCore
import Synchronization

/// Whether the process lives, and whether it can do its work.
package final class Health: Sendable {
    /// How long a finding holds, in milliseconds: a check is a durable write, and anyone may ask.
    private static let lifetime: Int64 = 1000

    private let database: any Database
    private let clock: any WallClock
    private let logger: Logger
    private let finding = Mutex<(isReady: Bool, at: Timestamp)?>(nil)

    package init(database: any Database, clock: any WallClock, logger: Logger) {
        (self.database, self.clock, self.logger) = (database, clock, logger)
    }

    /// The process answers: what a supervisor asks before it restarts it.
    static let alive = response(.ok, #"{"status":"alive"}"#)

    /// The storage takes a durable write: what a load balancer asks before it sends callers.
    func ready() async -> Response {
        await isReady()
            ? Self.response(.ok, #"{"status":"ready","storage":"writable"}"#)
            : Self.response(.serviceUnavailable, #"{"status":"unavailable","storage":"not writable"}"#)
    }

    /// Whether the storage took a durable write just now, or in the second before.
    package func isReady() async -> Bool {
        let now = clock.now
        if let finding = finding.withLock({ $0 }) {
            let age = now.milliseconds(since: finding.at)
            if (0..<Self.lifetime).contains(age) { return finding.isReady }
        }
        let isReady = await canWrite()
        finding.withLock { $0 = (isReady, now) }
        return isReady
    }

    private func canWrite() async -> Bool {
        let moment = String(clock.now.milliseconds)
        do throws(ChatError) {
            try await database.write { tx throws(ChatError) in
                try StorageProperty.readinessProbe.set(moment, in: tx)
            }
            return true
        } catch {
            let cause = error.cause.map(String.init(reflecting:)) ?? "-"
            logger.error("not ready", metadata: ["error.cause": .string(cause)])
            return false
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
