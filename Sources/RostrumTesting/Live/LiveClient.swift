package import ChatProtocol
import NIOCore
import NIOPosix
import Synchronization

/// A subscriber's live connection: JSON-RPC over WebSocket over a real socket, without any cleverness of its own.
///
/// It reads by itself, on an event loop, until it is told to stop; whatever waits has a deadline.
///
/// ```swift
/// let client = try await LiveClient.connect(port: node.port, to: "/v4/ws?…")
/// let item = try await client.call("subscribeOfficialAccount", ["Official_Account": "@TOA#_news"])
/// let post = try await client.next("onRecvNewMessage")
/// ```
package final class LiveClient: Sendable {
    package struct Notification: Sendable, Equatable {
        package let method: String
        package let parameters: JSONObject

        package init(method: String, parameters: JSONObject) {
            (self.method, self.parameters) = (method, parameters)
        }
    }

    /// A method was refused.
    package struct Refused: Error, Equatable {
        package let code: Int64
        package let message: String
    }

    /// How a connection ended.
    package struct Ending: Sendable, Equatable {
        /// Nil when the connection was cut without a close frame, or the frame had no code.
        package let code: UInt16?
        package let reason: String
    }

    /// Something that the server sent, in the order in which it came.
    package enum Arrival: Sendable {
        case notification(Notification)
        case answer(id: Int64, Result<JSONValue, Refused>)
        /// Anything else: an answer to no request of ``LiveClient/call(_:_:within:)``, a batch.
        case other(JSONValue)
        case ended(Ending)
    }

    /// How a client behaves, where not as usual.
    package struct Manners: Sendable {
        /// How much the kernel keeps of what the client does not read; nil for the system's own size.
        package var receiveBuffer: Int?
        package var answersPings = true
        package var headers: [(String, String)] = []

        package init() {}
    }

    private struct State {
        var arrivals: [Arrival] = []
        /// How many notifications ``LiveClient/next(_:within:)`` has passed by, for each method.
        var taken: [String: Int] = [:]
        var lastID: Int64 = 0
        var ending: Ending?
    }

    /// The answer to the upgrade.
    package let reply: HTTPReply
    private let channel: any Channel
    private let log: Log

    /// What has arrived; filled on the event loop.
    private final class Log: Sendable {
        let state = Mutex(State())
        let onArrival: @Sendable (Arrival) -> Void

        init(_ onArrival: @escaping @Sendable (Arrival) -> Void) { self.onArrival = onArrival }

        func add(_ arrival: Arrival) {
            state.withLock { state in
                state.arrivals.append(arrival)
                if case .ended(let ending) = arrival { state.ending = ending }
            }
            onArrival(arrival)
        }
    }

    private init(_ channel: any Channel, _ reply: HTTPReply, _ log: Log) {
        (self.channel, self.reply, self.log) = (channel, reply, log)
    }

    /// Connects to 127.0.0.1 and upgrades.
    ///
    /// - Parameters:
    ///   - target: the path and the query.
    ///   - onArrival: told of everything that arrives, in order, on the event loop.
    /// - Throws: ``RawWebSocket/Refused`` with the answer when the server does not want to.
    package static func connect(
        port: Int,
        to target: String,
        _ manners: Manners = Manners(),
        onArrival: @escaping @Sendable (Arrival) -> Void = { _ in }
    ) async throws -> LiveClient {
        let log = Log(onArrival)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let opening = loop.makePromise(of: HTTPReply.self)
        var bootstrap = ClientBootstrap(group: loop).connectTimeout(.seconds(10))
        if let bytes = manners.receiveBuffer {
            bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: SocketOptionValue(bytes))
        }
        let request = RawWebSocket.request(target, RawWebSocket.upgradeHeaders + manners.headers)
        let channel = try await bootstrap.channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                let wire = LiveWire(request, opening, answersPings: manners.answersPings) { event in
                    switch event {
                    case .text(let value): log.add(arrival(value))
                    case .ended(let ending): log.add(.ended(ending))
                    }
                }
                try channel.pipeline.syncOperations.addHandler(wire)
            }
        }.connect(host: "127.0.0.1", port: port).get()
        return LiveClient(channel, try await opening.futureResult.get(), log)
    }

    private static func arrival(_ value: JSONValue) -> Arrival {
        if value["id"] == nil, let method = value["method"]?.text {
            return .notification(Notification(method: method, parameters: value["params"]?.object ?? [:]))
        }
        guard let id = value["id"]?.integer else { return .other(value) }
        if let result = value["result"] { return .answer(id: id, .success(result)) }
        guard let code = value["error"]?["code"]?.integer, let message = value["error"]?["message"]?.text else {
            return .other(value)
        }
        return .answer(id: id, .failure(Refused(code: code, message: message)))
    }

    // MARK: - Requests

    /// Sends a request and does not wait; the answer arrives with the id that is returned.
    @discardableResult
    package func send(_ method: String, _ parameters: JSONObject = [:]) -> Int64 {
        let id = log.state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        send(text: Self.request(method, parameters, id: .integer(id)))
        return id
    }

    /// Sends a request and waits for its answer.
    ///
    /// - Throws: ``Refused``, or ``WaitedTooLong``.
    @discardableResult
    package func call(
        _ method: String,
        _ parameters: JSONObject = [:],
        within limit: Duration = .seconds(40)
    ) async throws -> JSONValue {
        try await answer(to: send(method, parameters), method, within: limit)
    }

    /// Waits for the answer to a request that was sent.
    package func answer(
        to id: Int64,
        _ method: String = "a request",
        within limit: Duration = .seconds(40)
    ) async throws -> JSONValue {
        var found: Result<JSONValue, Refused>?
        try await waitUntil("an answer to \(method)", within: limit, every: .milliseconds(1)) {
            for case .answer(id, let outcome) in arrivals.reversed() { found = outcome }
            if found == nil, let ending { throw Disconnected(ending: ending) }
            return found != nil
        }
        guard let found else { throw WaitedTooLong(description: "no answer to \(method)") }
        return try found.get()
    }

    /// The text of a request.
    package static func request(_ method: String, _ parameters: JSONObject, id: JSONValue? = nil) -> String {
        var members: [JSONObject.Member] = [.init(name: "jsonrpc", value: .string("2.0"))]
        if let id { members.append(.init(name: "id", value: id)) }
        members += [
            .init(name: "method", value: .string(method)), .init(name: "params", value: .object(parameters)),
        ]
        return String(decoding: JSONObject(members).json, as: UTF8.self)
    }

    package func send(text: String) { send(.text(text)) }

    /// Sends any frame.
    package func send(_ frame: RawWebSocket.Frame) {
        let bytes = ByteBuffer(bytes: frame.bytes())
        // Not from here: a connection that turns out to be broken would be told of in the middle of the caller.
        channel.eventLoop.execute { [channel] in channel.writeAndFlush(bytes, promise: nil) }
    }

    // MARK: - What arrived

    /// The connection ended before what was waited for.
    package struct Disconnected: Error, Equatable {
        package let ending: Ending
    }

    /// Everything that arrived, in order.
    package var arrivals: [Arrival] { log.state.withLock { $0.arrivals } }

    package var notifications: [Notification] {
        arrivals.compactMap { if case .notification(let notification) = $0 { notification } else { nil } }
    }

    /// The parameters of every notification of a method.
    package func notifications(_ method: String) -> [JSONObject] {
        notifications.filter { $0.method == method }.map(\.parameters)
    }

    /// The next notification of a method that was not taken yet; others stay where they are.
    package func next(_ method: String, within limit: Duration = .seconds(40)) async throws -> JSONObject {
        var found: JSONObject?
        try await waitUntil("\(method) arrives", within: limit, every: .milliseconds(1)) {
            let all = notifications(method)
            found = log.state.withLock { state in
                let taken = state.taken[method, default: 0]
                guard all.count > taken else { return nil }
                state.taken[method] = taken + 1
                return all[taken]
            }
            if found == nil, let ending { throw Disconnected(ending: ending) }
            return found != nil
        }
        return found ?? [:]
    }

    /// How the connection ended; nil while it is open.
    package var ending: Ending? { log.state.withLock { $0.ending } }

    /// Waits for the end of the connection.
    package func end(within limit: Duration = .seconds(40)) async throws -> Ending {
        try await waitUntil("the connection ends", within: limit) { ending != nil }
        return ending ?? Ending(code: nil, reason: "")
    }

    // MARK: - Reading and closing

    /// Reads nothing more from the socket until ``resumeReading()``.
    package func stopReading() {
        channel.setOption(.autoRead, value: false).whenFailure { _ in }
    }

    package func resumeReading() {
        channel.setOption(.autoRead, value: true).whenFailure { _ in }
    }

    /// Says goodbye and waits until the connection is gone.
    package func close(_ code: UInt16 = 1000) async throws {
        resumeReading()
        send(.close(code))
        _ = try await end()
    }

    /// Cuts the connection without a word.
    package func abort() {
        channel.eventLoop.execute { [channel] in channel.close(promise: nil) }
    }
}
