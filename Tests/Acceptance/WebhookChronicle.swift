import ChatProtocol
import Crypto
import NIOCore
import RostrumTesting
import Synchronization
import Testing

/// What clients did to channels, and what a backend heard of it.
final class WebhookChronicle: Sendable {
    /// An event that a change should lead to.
    struct Told {
        /// What happened, in words that no other event of the channel has.
        let event: String
        /// Whether the change was acknowledged; one that was not may have happened or not.
        var isCertain: Bool
    }

    /// One request that reached the backend.
    struct Arrival {
        let event: String
        let channel: String
        let delivery: String
        let body: [UInt8]
        /// Whether the signature is what the secret makes of it.
        let isGenuine: Bool
    }

    private struct State {
        var told: [String: [Told]] = [:]
        var refusals: [String] = []
        var acknowledged = 0
        var arrivals: [Arrival] = []
    }

    private let secret: String
    private let application: String
    private let state = Mutex(State())

    /// - Parameter secret: the application's webhook secret.
    init(secret: String, application: String) {
        (self.secret, self.application) = (secret, application)
    }

    var refusals: [String] { state.withLock { $0.refusals } }
    var acknowledged: Int { state.withLock { $0.acknowledged } }
    var arrivals: [Arrival] { state.withLock { $0.arrivals } }

    /// - Returns: how many changes were acknowledged until now.
    func note(_ event: String, of channel: String) -> Int {
        state.withLock { state in
            state.told[channel, default: []].append(Told(event: event, isCertain: true))
            state.acknowledged += 1
            return state.acknowledged
        }
    }

    func noteUnanswered(_ event: String, of channel: String) {
        state.withLock { $0.told[channel, default: []].append(Told(event: event, isCertain: false)) }
    }

    func note(refusal: String) {
        state.withLock { $0.refusals.append(refusal) }
    }

    /// Notes a request as it came, whatever is answered.
    func note(_ request: Receiver.Request) {
        let body = try? JSONValue(parsing: request.body)
        let delivery = request.header("x-rostrum-delivery") ?? ""
        var signed = Array("\(request.header("x-rostrum-timestamp") ?? "").\(delivery).\(application).".utf8)
        signed += request.body
        let code = HMAC<SHA256>.authenticationCode(for: signed, using: SymmetricKey(data: Array(secret.utf8)))
        let digits = code.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        let arrival = Arrival(
            event: body.map(Self.event) ?? "no JSON",
            channel: body?["Official_Account"]?.text ?? "",
            delivery: delivery,
            body: request.body,
            isGenuine: request.header("x-rostrum-signature") == "v1=" + digits
        )
        state.withLock { $0.arrivals.append(arrival) }
    }

    /// What is wrong with what came: nothing, if every acknowledged change was told of, in order per channel, each
    /// under one delivery id with one body.
    func faults() -> [String] {
        let (told, arrivals) = state.withLock { ($0.told, $0.arrivals) }
        var faults: [String] = []
        var first: [String: Arrival] = [:]
        var heard: [String: [String]] = [:]
        for arrival in arrivals {
            if !arrival.isGenuine { faults.append("a signature that does not verify: \(arrival.event)") }
            if let earlier = first[arrival.delivery] {
                if earlier.body != arrival.body { faults.append("another body for \(arrival.delivery)") }
            } else {
                first[arrival.delivery] = arrival
                heard[arrival.channel, default: []].append(arrival.event)
            }
        }
        for (channel, events) in told {
            var rest = heard.removeValue(forKey: channel)?[...] ?? []
            for event in events {
                if rest.first == event.event {
                    rest.removeFirst()
                } else if event.isCertain {
                    faults.append("\(channel): \(event.event) should come next, not \(rest.prefix(3))")
                    break
                }
            }
            if !rest.isEmpty { faults.append("\(channel): nobody did \(rest.prefix(3))") }
        }
        if !heard.isEmpty { faults.append("channels that nobody made: \(heard.keys.sorted().prefix(3))") }
        return faults
    }

    private static func event(_ body: JSONValue) -> String {
        let command = (body["CallbackCommand"]?.text ?? "").replacing("OfficialAccount.CallbackAfter", with: "")
        let detail =
            switch command {
            case "AddSubscriber", "DeleteSubscriber": body["SubscribeAccountList"]?[0]?["Subscriber_Account"]?.text
            case "SendMsg": body["MsgBody"]?[0]?["MsgContent"]?["Text"]?.text
            case "MsgWithDraw": body["WithdrawMsgList"]?[0]?["MsgKey"]?.text
            case "OfficialAccountInfoChanged": body["Name"]?.text
            default: ""
            }
        return "\(command) \(detail ?? "")"
    }
}

/// A client that changes channels of its own, one after the other.
struct WebhookClient: Sendable {
    private enum Deed: CaseIterable {
        case subscribe, unsubscribe, send, recall, rename, destroy
    }

    static let users = 100

    let number: Int
    private let random: SeededRandom
    private var serial = 0
    private var channel: String?
    private var subscribers: [String] = []
    private var nextUser = 0
    private var keys: [String] = []

    init(number: Int, seed: UInt64) {
        self.number = number
        random = SeededRandom(seed: seed &* 1000 &+ UInt64(number))
    }

    /// Makes one change after the other until the server is gone.
    ///
    /// - Parameter acknowledged: told how many were acknowledged to all clients.
    mutating func work(
        on server: ServerProcess,
        _ chronicle: WebhookChronicle,
        _ acknowledged: @Sendable (Int) async -> Void
    ) async {
        guard let connection = try? await server.connect() else { return }
        while true {
            serial += 1
            let (deed, command, body, event) = nextDeed()
            let id = channel ?? ""
            do {
                let reply = try await connection.call(command, body)
                let isDone =
                    (reply.SubscriberList?.allSatisfy { $0.Result == 1 } ?? true)
                    && (reply.RecallRetList?.allSatisfy { $0.RetCode == 0 } ?? true)
                guard reply.ErrorCode == 0, isDone else {
                    return chronicle.note(refusal: "\(event) in \(id): \(reply.ErrorCode) \(reply.ErrorInfo)")
                }
                if let key = reply.MsgKey { keys.append(key) }
                if deed == .subscribe { subscribers += reply.SubscriberList?.map(\.Subscriber_Account) ?? [] }
                if deed == .destroy { channel = nil }
                await acknowledged(chronicle.note(event, of: id))
            } catch {
                chronicle.noteUnanswered(event, of: id)
                // Whether it is there, nobody knows.
                if deed == nil || deed == .destroy { channel = nil }
                return
            }
        }
    }

    /// - Returns: nil as the deed for the making of a channel.
    private mutating func nextDeed() -> (Deed?, command: String, body: String, event: String) {
        let name = "c\(number)n\(serial)"
        guard let id = channel else {
            let id = "@TOA#_\(name)"
            (channel, subscribers, nextUser, keys) = (id, [], 0, [])
            return (nil, Command.create, Command.creating(id), "CreateOfficialAccount ")
        }
        let target = #""Official_Account":"\#(id)""#
        let deed = Deed.allCases[Int(random.bytes(1)[0]) % Deed.allCases.count]
        switch deed {
        case .unsubscribe where !subscribers.isEmpty:
            let user = subscribers.removeFirst()
            return (
                deed, Command.unsubscribe, "{\(target),\"SubscriberToDel_Account\":[\"\(user)\"]}",
                "DeleteSubscriber \(user)"
            )
        case .recall where !keys.isEmpty:
            let key = keys.removeLast()
            return (deed, Command.recall, "{\(target),\"MsgKeyList\":[\"\(key)\"]}", "MsgWithDraw \(key)")
        case .rename:
            return (deed, Command.modify, Command.renaming(id, to: name), "OfficialAccountInfoChanged \(name)")
        case .destroy where random.bytes(1)[0] < 20:
            return (deed, Command.destroy, "{\(target)}", "OfficialAccountDestroyed ")
        case .subscribe where nextUser < Self.users:
            let user = "u\(nextUser)"
            nextUser += 1
            let list = #""SubscriberList":[{"Subscriber_Account":"\#(user)"}]"#
            return (deed, Command.subscribe, "{\(target),\(list)}", "AddSubscriber \(user)")
        default:
            let content = #"[{"MsgType":"TIMTextElem","MsgContent":{"Text":"\#(name)"}}]"#
            return (.send, Command.send, "{\(target),\"Random\":\(serial),\"MsgBody\":\(content)}", "SendMsg \(name)")
        }
    }
}

/// A backend that takes what comes, and answers as a bad day has it until it is told to behave.
final class MoodyBackend: Sendable {
    private let random: SeededRandom
    private let chronicle: WebhookChronicle
    private let isGood = Mutex(false)
    private let receiver = Mutex<Receiver?>(nil)
    private let port: Int

    /// An address of its own: while it is away no other test is given its port.
    static let host = "127.77.0.1"

    init(_ chronicle: WebhookChronicle, port: Int, seed: UInt64) {
        (self.chronicle, self.port, random) = (chronicle, port, SeededRandom(seed: seed))
    }

    /// From now on every request is answered with 200 at once.
    func behave() {
        isGood.withLock { $0 = true }
    }

    func start() async throws {
        guard receiver.withLock({ $0 == nil }) else { return }
        let deadline = ContinuousClock.now + patient(.seconds(20))
        while true {
            do {
                let new = try await Receiver.start(at: Self.host, port: port) { [self] channel, request in
                    chronicle.note(request)
                    answer(channel, request)
                }
                return receiver.withLock { $0 = new }
            } catch  where ContinuousClock.now < deadline {
                // Programs that other tests start just then keep the port until they have begun.
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    /// Starts again after ``stop()``; that it cannot is a failure of the test.
    func comeBack() async {
        do {
            try await start()
        } catch {
            Issue.record(error, "the backend cannot have port \(port) again")
        }
    }

    /// Hangs up on everyone.
    func stop() async {
        let old = receiver.withLock { receiver in
            defer { receiver = nil }
            return receiver
        }
        await old?.stop()
    }

    private func answer(_ channel: any Channel, _ request: Receiver.Request) {
        let good = Receiver.reply(200, "{}")
        let mood = isGood.withLock { $0 } ? 255 : random.bytes(1)[0]
        switch mood {
        case 0..<16: Receiver.reply(500, "not now")(channel, request)
        case 16..<28: Receiver.close(channel, request)
        case 28..<29: Receiver.nothing(channel, request)
        // Within the 2 s, and after them.
        case 29..<41: channel.eventLoop.scheduleTask(in: .milliseconds(300)) { good(channel, request) }
        case 41..<42: channel.eventLoop.scheduleTask(in: .milliseconds(2200)) { good(channel, request) }
        case 42..<50: Receiver.raw("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", thenClose: true)(channel, request)
        default: good(channel, request)
        }
    }
}
