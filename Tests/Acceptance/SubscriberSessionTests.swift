import ChatProtocol
import FoundationEssentials
import NIOSSL
import RostrumClient
import RostrumTesting
import Synchronization
import Testing
import UserSig

/// The Swift client's sessions against the program as it is.
@Suite("The Swift client's sessions", .timeLimit(.minutes(5)))
struct SubscriberSessionTests {
    private static let unlimited = [
        "--limits", "callsPerSecond=0", "broadcastsPerSecond=0", "broadcastsPerHour=0",
    ]

    private static func admin(_ server: ServerProcess) throws -> AdminClient {
        try AdminClient(
            server: "http://127.0.0.1:\(server.port)",
            sdkAppID: Signatory.emulator.application,
            userSigs: .key(Signatory.emulatorKey)
        )
    }

    private static func configuration(_ server: String, _ user: String = "anna") -> SubscriberSession.Configuration {
        var configuration = SubscriberSession.Configuration(
            server: server,
            sdkAppID: Signatory.emulator.application,
            identifier: user,
            userSigs: .key(Signatory.emulatorKey)
        )
        configuration.platform = "Web"
        return configuration
    }

    @Test("the quick start of docs/sdk-swift.md is what is tested here")
    func quickStartText() throws {
        let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()
        let page = try String(contentsOfFile: "\(root)/docs/sdk-swift.md", encoding: .utf8)
        let source = try String(contentsOfFile: "\(root)/Tests/Acceptance/SwiftQuickStart.swift", encoding: .utf8)

        let functions = source.split(separator: "\n\n").filter { $0.hasPrefix("func ") }
        #expect(functions.count == 2)
        for function in functions {
            let text = String(function.reversed().drop(while: \.isNewline).reversed())
            #expect(page.contains("```swift\nimport RostrumClient\n\n\(text)\n```"), "\(text.prefix(40))")
        }
    }

    @Test("the quick start brings the post to anna")
    func quickStart() async throws {
        try await withServer { server in
            let url = "http://127.0.0.1:\(server.port)"
            let shown = Texts()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    let userSigs = UserSigSource.key(Signatory.emulatorKey)
                    try await followNews(on: url, userSigs: userSigs) { shown.add($0) }
                }
                let admin = try Self.admin(server)
                try await waitUntil("anna is online") {
                    (try? await admin.onlineStatus(of: ["anna"]))?.accounts.first?.status == .online
                }
                try await postNews(on: url, key: Signatory.emulatorKey)
                try await waitUntil("the post is shown") { !shown.all.isEmpty }
                group.cancelAll()
                try await group.waitForAll()
            }
            #expect(shown.all == ["Ferry 7 leaves from pier 3"])
        }
    }

    @Test("tell and do everything that the protocol has")
    func everything() async throws {
        try await withServer(["dev", "--port", "0"] + Self.unlimited) { server in
            let admin = try Self.admin(server)
            let news = try await admin.createOfficialChannel(NewOfficialChannel(owner: "107867", name: "News"))
            let url = "http://127.0.0.1:\(server.port)"
            try await SubscriberSession.connect(Self.configuration(url)) { session in
                var events = Events(session)
                let channel = try await session.subscribe(to: news)
                #expect(channel.info.name == "News")
                #expect(try await events.next() == .subscribed(channel))
                let again = await refusalCode { try await session.subscribe(to: news) }
                #expect(again == 130_005)

                let sent = try await admin.sendBroadcast(Broadcast([.text("a"), .custom(data: "b")]), to: news)
                guard case .message(let message) = try await events.next() else {
                    Issue.record("no message")
                    return
                }
                #expect(message.key == sent.key)
                #expect(message.body == [.text("a"), .custom(data: "b")])
                #expect(message.sentAt == sent.sentAt)
                #expect(try await session.unreadCount(of: news) == 1)
                try await session.markAsRead(upTo: message.seq, in: news)
                #expect(try await session.unreadCount(of: news) == 0)
                try await waitUntil("the receipt tells") {
                    let receipt = try await admin.broadcastReceipt(of: sent.key, in: news)
                    return receipt.onlineCount == 1 && receipt.writtenCount == 1 && receipt.readCount == 1
                }

                #expect(try await session.history(of: news).messages.map(\.body) == [message.body])
                #expect(try await session.subscribedChannels().map(\.info.id) == [news])
                #expect(try await session.channels([news, "@TOA#_none"]).map { $0.found?.info.id } == [news, nil])
                #expect(try await session.allChannels().channels.map(\.info.id) == [news])
                let statuses = try await admin.onlineStatus(of: ["anna"], withDetail: true)
                #expect(statuses.accounts.first?.platforms.map(\.name) == ["Web"])

                _ = try await admin.recallBroadcasts([sent.key], of: news, reason: "Wrong")
                guard case .revoked(let revocation) = try await events.next() else {
                    Issue.record("no recall")
                    return
                }
                #expect(revocation.seq == message.seq)
                #expect(revocation.reason == "Wrong")
                try await admin.modifyOfficialChannel(news, OfficialChannelChange(name: "Olds"))
                guard case .infoChanged(let changed) = try await events.next() else {
                    Issue.record("no change")
                    return
                }
                #expect(changed.info.name == "Olds")

                try await session.setMessageFlag(.discard, of: news)
                try await admin.sendBroadcast(Broadcast(text: "unheard"), to: news)
                try await session.unsubscribe(from: news)
                #expect(try await events.next() == .unsubscribed(channel: news))
                _ = try await admin.addSubscribers(["anna"], to: news)
                guard case .subscribed = try await events.next() else {
                    Issue.record("no subscription")
                    return
                }
                try await admin.destroyOfficialChannel(news)
                #expect(try await events.next() == .deleted(channel: news))

                try await admin.kick("anna")
                #expect(try await events.next() == .kicked(.kicked))
                await #expect(throws: SessionEnd.self) { try await events.next() }
            }
        }
    }

    @Test("miss nothing and repeat nothing while the server is killed and started again")
    func killedServer() async throws {
        let directory = "\(FileManager.default.temporaryDirectory.path)/rostrum-session-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        func arguments(_ port: Int) -> [String] {
            ["dev", "--port", "\(port)", "--data-dir", directory] + Self.unlimited
        }
        let seen = Texts()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (port, news) = try await withServer(arguments(0)) { server in
                let admin = try Self.admin(server)
                let news = try await admin.createOfficialChannel(NewOfficialChannel(owner: "107867", name: "News"))
                try await admin.importAccount(NewAccount(id: "anna"))
                _ = try await admin.addSubscribers(["anna"], to: news)
                let port = server.port
                group.addTask {
                    let configuration = Self.configuration("http://127.0.0.1:\(port)")
                    try await SubscriberSession.connect(configuration) { session in
                        for try await event in session.events {
                            if case .message(let message) = event { seen.add(message.text) }
                        }
                    }
                }
                try await waitUntil("anna is online") {
                    try await admin.onlineStatus(of: ["anna"]).accounts.first?.status == .online
                }
                for number in 0..<10 { try await admin.sendBroadcast(Broadcast(text: "\(number)"), to: news) }
                try await waitUntil("the posts have come") { seen.all.count == 10 }
                return (port, news)
            }
            for life in 1...3 {
                try await withServer(arguments(port)) { server in
                    let admin = try Self.admin(server)
                    for number in (life * 10)..<(life * 10 + 10) {
                        try await admin.sendBroadcast(Broadcast(text: "\(number)"), to: news)
                    }
                    try await waitUntil("the posts have come") { seen.all.count >= (life + 1) * 10 }
                }
            }
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(seen.all == (0..<40).map { "\($0)" })
    }

    @Test("go on from a file where the last run stopped")
    func positionsInFile() async throws {
        let path = "\(FileManager.default.temporaryDirectory.path)/rostrum-positions-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await withServer(["dev", "--port", "0"] + Self.unlimited) { server in
            let admin = try Self.admin(server)
            let news = try await admin.createOfficialChannel(NewOfficialChannel(owner: "107867", name: "News"))
            try await admin.importAccount(NewAccount(id: "anna"))
            _ = try await admin.addSubscribers(["anna"], to: news)
            var configuration = Self.configuration("http://127.0.0.1:\(server.port)")
            var runs: [[String]] = []
            for run in 0..<3 {
                let last = run == 0 ? "end" : "away \(run)"
                configuration.positions = FilePositionStore(path: path)
                if run > 0 { try await admin.sendBroadcast(Broadcast(text: "away \(run)"), to: news) }
                let texts = try await SubscriberSession.connect(configuration) { session in
                    var texts: [String] = []
                    for try await event in session.events {
                        switch event {
                        case .reloadNeeded:
                            texts.append("reload")
                            try await admin.sendBroadcast(Broadcast(text: "live"), to: news)
                        case .message(let message):
                            texts.append(message.text)
                            if message.text == last { return texts }
                            guard message.text == "live" else { continue }
                            try await admin.sendBroadcast(Broadcast(text: "end"), to: news)
                        default:
                            break
                        }
                    }
                    return texts
                }
                runs.append(texts)
            }
            // After the last event of a run no other was asked for: it comes once more.
            #expect(runs == [["reload", "live", "end"], ["end", "away 1"], ["away 1", "away 2"]])
        }
    }

    @Test("work over TLS, with a certificate that is trusted")
    func tls() async throws {
        try await withServer(["dev", "--port", "0", "--tls-port", "0"]) { server in
            let https = try #require(server.https)
            var configuration = Self.configuration("wss://localhost:\(https.port)")
            configuration.tls.trustRoots = .file(https.certificate)
            try await SubscriberSession.connect(configuration) { session in
                let channels = try await session.subscribedChannels()
                #expect(channels.isEmpty)
            }
        }
    }

    /// What a session showed.
    private final class Texts: Sendable {
        private let texts = Mutex<[String]>([])

        var all: [String] { texts.withLock { $0 } }

        func add(_ text: String) {
            texts.withLock { $0.append(text) }
        }
    }

    /// A session's events without its connection states.
    private struct Events {
        private var iterator: SubscriberEvents.Iterator

        init(_ session: SubscriberSession) {
            iterator = session.events.makeAsyncIterator()
        }

        mutating func next() async throws -> SubscriberEvent? {
            while let event = try await iterator.next() {
                if case .connection = event { continue }
                return event
            }
            return nil
        }
    }

    private func refusalCode<Value>(by call: () async throws -> Value) async -> Int? {
        do {
            _ = try await call()
        } catch RostrumError.refused(let refusal) {
            return refusal.code.rawValue
        } catch {}
        return nil
    }
}
