import ChatProtocol
import RostrumClient
import RostrumTesting
import Testing

/// Delivery to live connections that go through TLS, and so past none of NIO's queues.
@Suite("Live over TLS", .timeLimit(.minutes(5)))
struct SecureLiveTests {
    private static let unlimited = [
        "--limits", "callsPerSecond=0", "broadcastsPerSecond=0", "broadcastsPerHour=0",
    ]

    /// A server with a channel that anna follows over TLS.
    private func withNews(
        _ body: (_ admin: AdminClient, _ news: String, _ anna: LiveClient) async throws -> Void
    ) async throws {
        try await withServer(["dev", "--port", "0", "--tls-port", "0"] + Self.unlimited) { server in
            let https = try #require(server.https)
            let admin = try AdminClient(
                server: "http://127.0.0.1:\(server.port)",
                sdkAppID: Signatory.emulator.application,
                userSigs: .key(Signatory.emulatorKey)
            )
            let news = try await admin.createOfficialChannel(NewOfficialChannel(owner: "107867", name: "News"))
            try await TLSRelay.with(to: https.port) { relay in
                let user = Signatory(application: 88_888_888, identifier: "anna", key: Signatory.emulatorKey)
                var manners = LiveClient.Manners()
                manners.receiveBuffer = 4096
                let anna = try await LiveClient.connect(
                    port: relay.port,
                    to: "/v4/ws?sdkappid=88888888&identifier=anna&usersig=\(user.token)",
                    manners
                )
                try await anna.call("subscribeOfficialAccount", ["Official_Account": .string(news)])
                try await body(admin, news, anna)
                try await anna.close()
            }
        }
    }

    private func numbers(_ client: LiveClient) -> [Int64] {
        client.notifications("onRecvNewMessage").compactMap { $0["MsgSeq"]?.integer }
    }

    @Test("posts come in order, whole, and are counted as written")
    func posts() async throws {
        try await withNews { admin, news, anna in
            var keys: [String] = []
            let lengths = [1, 200, 12_000, 1, 12_000, 12_000, 3]
            for (number, length) in lengths.enumerated() {
                let text = String(repeating: "\(number)", count: length)
                keys.append(try await admin.sendBroadcast(Broadcast(text: text), to: news).key)
            }
            try await waitUntil("the posts come") { numbers(anna).count == lengths.count }
            #expect(numbers(anna) == Array(1...Int64(lengths.count)))
            let texts = anna.notifications("onRecvNewMessage").map { $0["MsgBody"]?[0]?["MsgContent"]?["Text"]?.text }
            #expect(texts == lengths.enumerated().map { String(repeating: "\($0.offset)", count: $0.element) })
            for key in keys {
                try await waitUntil("the receipt says so") {
                    let receipt = try await admin.broadcastReceipt(of: key, in: news)
                    return receipt.onlineCount == 1 && receipt.writtenCount == 1 && receipt.laggingCount == 0
                }
            }
        }
    }

    @Test("who does not read is told that he lags when he reads again, and what waited for him was written")
    func lagging() async throws {
        try await withNews { admin, news, anna in
            let epoch = try await anna.next("onOfficialAccountSubscribed")["Epoch"] ?? .null
            anna.stopReading()
            var keys: [String] = []
            let text = String(repeating: "x", count: 11_000)
            for number in 0..<120 {
                keys.append(try await admin.sendBroadcast(Broadcast(text: "\(number) \(text)"), to: news).key)
            }
            try await waitUntil("the last post was left out") {
                try await admin.broadcastReceipt(of: keys[119], in: news).laggingCount == 1
            }
            #expect(anna.notifications("onLagging").isEmpty)

            anna.resumeReading()
            let lag = try #require(try await anna.next("onLagging")[news])
            #expect(lag["Epoch"] == epoch)
            #expect(lag["MsgSeq"]?.integer == 120)
            let had = numbers(anna)
            #expect(had == Array(1...Int64(had.count)))
            #expect(had.count < 120)
            // Those that waited in the server count when they have gone out, and not before.
            for (index, key) in keys.enumerated() {
                try await waitUntil("receipt \(index) is whole") {
                    let receipt = try await admin.broadcastReceipt(of: key, in: news)
                    let isWritten = index < had.count
                    return receipt.writtenCount == (isWritten ? 1 : 0) && receipt.laggingCount == (isWritten ? 0 : 1)
                }
            }

            var missing: [Int64] = []
            var position = JSONValue.object([
                "Epoch": epoch, "MsgSeq": .integer(Int64(had.count)), "EventSeq": .integer(Int64(had.count)),
            ])
            while true {
                let answer = try #require(try await anna.call("resume", [news: position])[news]?.object)
                missing += (answer["messages"]?.items ?? []).compactMap { $0["MsgSeq"]?.integer }
                position = .object(answer)
                if answer["more"] != .bool(true) { break }
            }
            #expect(missing == Array(Int64(had.count + 1)...120))
            try await admin.sendBroadcast(Broadcast(text: "live"), to: news)
            try await waitUntil("the next post comes") { numbers(anna).last == 121 }
        }
    }
}
