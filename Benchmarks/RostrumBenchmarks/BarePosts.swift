import ArgumentParser
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Baseline for webhooks: async-http-client posting the same requests in so many loops, and nothing else.
struct BarePosts: AsyncParsableCommand {
    @Option var url: String
    @Option var loops: Int
    @Option var seconds: Double

    private static let query = """
        ?SdkAppid=1400000001&CallbackCommand=OfficialAccount.CallbackAfterSendMsg&contenttype=json&ClientIP=127.0.0.1\
        &OptPlatform=RESTAPI
        """
    private static let headers = [
        ("Content-Type", "application/json"), ("X-Rostrum-Delivery", String(repeating: "0", count: 32)),
        ("X-Rostrum-Timestamp", "1767229200"), ("X-Rostrum-Signature", "v1=" + String(repeating: "0", count: 64)),
    ]

    func run() async throws {
        let client = HTTPClient(
            configuration: HTTPClient.Configuration(
                connectionPool: HTTPClient.Configuration.ConnectionPool(
                    idleTimeout: .seconds(30),
                    concurrentHTTP1ConnectionsPerHostSoftLimit: loops
                )
            )
        )
        let body = ByteBuffer(bytes: SeedOutbox.body(channel: 1))
        let end = ContinuousClock.now + .seconds(seconds)
        let posts = try await withThrowingTaskGroup(of: Int.self) { [url] group in
            for _ in 0..<loops {
                group.addTask {
                    var posts = 0
                    while ContinuousClock.now < end {
                        var request = HTTPClientRequest(url: url + Self.query)
                        request.method = .POST
                        for (name, value) in Self.headers { request.headers.add(name: name, value: value) }
                        request.body = .bytes(body)
                        let response = try await client.execute(request, timeout: .seconds(2))
                        _ = try await response.body.collect(upTo: 65_536)
                        posts += 1
                    }
                    return posts
                }
            }
            return try await group.reduce(0, +)
        }
        try await client.shutdown()
        print(Double(posts) / seconds)
    }
}
