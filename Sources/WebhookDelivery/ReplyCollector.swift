import AsyncHTTPClient
import Chat
import NIOCore
import NIOHTTP1
import Synchronization

/// Collects a reply of at most ``WebhookReply/longest`` bytes, and ends the request at once when there is more.
final class ReplyCollector: HTTPClientResponseDelegate {
    typealias Response = WebhookReply

    /// The reply is longer; the client closes its connection.
    struct TooLong: Error {
        let status: Int
    }

    private let reply = Mutex((status: 0, body: [UInt8]()))

    func didReceiveHead(task: HTTPClient.Task<WebhookReply>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        let status = Int(head.status.code)
        reply.withLock { $0.status = status }
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        guard announced <= WebhookReply.longest else { return task.eventLoop.makeFailedFuture(TooLong(status: status)) }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<WebhookReply>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        let excess = reply.withLock { reply -> TooLong? in
            guard buffer.readableBytes <= WebhookReply.longest - reply.body.count else {
                return TooLong(status: reply.status)
            }
            reply.body.append(contentsOf: buffer.readableBytesView)
            return nil
        }
        if let excess { return task.eventLoop.makeFailedFuture(excess) }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didFinishRequest(task: HTTPClient.Task<WebhookReply>) throws -> WebhookReply {
        reply.withLock { WebhookReply(status: $0.status, body: $0.body) }
    }
}
