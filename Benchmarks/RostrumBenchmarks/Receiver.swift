import ArgumentParser
import Hummingbird
import Logging
import Synchronization

/// A backend for webhooks that answers as the documentation asks, at once, and counts.
struct Receiver: AsyncParsableCommand {
    @Option var port: Int
    @Option(help: "Answer after so many milliseconds.")
    var delay = 0

    private final class Count: Sendable {
        let posts = Atomic<Int>(0)
    }

    func run() async throws {
        let count = Count()
        let router = Router()
        router.post("hook") { [delay] request, _ -> Response in
            for try await _ in request.body {}
            if delay > 0 { try await Task.sleep(for: .milliseconds(delay)) }
            count.posts.add(1, ordering: .relaxed)
            return Response(
                status: .ok,
                headers: [.contentType: "application/json"],
                body: ResponseBody(
                    byteBuffer: ByteBuffer(string: #"{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}"#)
                )
            )
        }
        router.get("count") { _, _ in String(count.posts.load(ordering: .relaxed)) }
        var logger = Logger(label: "receiver")
        logger.logLevel = .error
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: port), backlog: 4096),
            logger: logger
        )
        try await application.runService()
    }
}
