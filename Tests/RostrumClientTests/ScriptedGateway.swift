import ChatProtocol
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import RostrumClient
import RostrumTesting
import Synchronization

/// The public one, not that of `ChatProtocol`.
typealias ChannelPosition = RostrumClient.ChannelPosition

/// A live gateway on this machine: each connection is served by the same script, which is told its number from 0.
struct ScriptedGateway: Sendable {
    typealias Script = @Sendable (Peer, Int) async throws -> Void

    let port: Int
    let machine: Machine

    /// Listens for as long as `body` runs; a script that throws closes its connection.
    static func with<Value>(
        _ script: @escaping Script,
        tls: TLSConfiguration? = nil,
        status: HTTPResponseStatus? = nil,
        _ body: (ScriptedGateway) async throws -> Value
    ) async throws -> Value {
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    return try Upgrade.configure(channel, status)
                }
            }
        let port = listener.channel.localAddress?.port ?? 0
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { served in
                        var number = 0
                        for try await upgrade in connections {
                            let own = number
                            number += 1
                            served.addTask { try? await Self.serve(upgrade, own, script) }
                        }
                    }
                }
            }
            defer { group.cancelAll() }
            return try await body(ScriptedGateway(port: port, machine: Machine()))
        }
    }

    private static func serve(
        _ upgrade: EventLoopFuture<Upgrade>,
        _ number: Int,
        _ script: Script
    ) async throws {
        guard case .open(let channel, let head) = try await upgrade.get() else { return }
        try await channel.executeThenClose { inbound, _ in
            try await script(Peer(channel.channel, head, inbound), number)
        }
    }

    /// A session's configuration for this gateway.
    func configuration(
        userSigs: UserSigSource = .counted(),
        positions: any PositionStore = MemoryPositionStore(),
        scheme: String = "ws"
    ) -> SubscriberSession.Configuration {
        var configuration = SubscriberSession.Configuration(
            server: "\(scheme)://127.0.0.1:\(port)",
            sdkAppID: 88_888_888,
            identifier: "a+b",
            userSigs: userSigs
        )
        configuration.positions = positions
        configuration.platform = "Web"
        configuration.logger.logLevel = .critical
        return configuration
    }

    @discardableResult
    func connect<Value>(
        _ configuration: SubscriberSession.Configuration? = nil,
        _ body: (SubscriberSession) async throws -> Value
    ) async throws -> Value {
        try await SubscriberSession.connect(
            configuration ?? self.configuration(),
            surroundings: machine.surroundings,
            body
        )
    }
}

/// What became of a connection's first request.
private enum Upgrade: Sendable {
    case open(NIOAsyncChannel<WebSocketFrame, WebSocketFrame>, HTTPRequestHead)
    case refused

    /// - Parameter status: answered in place of an upgrade.
    static func configure(
        _ channel: any Channel,
        _ status: HTTPResponseStatus?
    ) throws -> EventLoopFuture<Upgrade> {
        let upgrader = NIOTypedWebSocketServerUpgrader<Upgrade>(
            maxFrameSize: 65_536,
            shouldUpgrade: { channel, _ in
                channel.eventLoop.makeSucceededFuture(
                    status == nil ? ["Sec-WebSocket-Protocol": "rostrum.v1"] : nil
                )
            },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture {
                    .open(try NIOAsyncChannel(wrappingChannelSynchronously: channel), head)
                }
            }
        )
        let configuration = NIOTypedHTTPServerUpgradeConfiguration<Upgrade>(
            upgraders: [upgrader],
            notUpgradingCompletionHandler: { channel in
                let head = HTTPResponseHead(version: .http1_1, status: status ?? .ok, headers: ["content-length": "0"])
                channel.write(HTTPServerResponsePart.head(head), promise: nil)
                channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
                return channel.eventLoop.makeSucceededFuture(.refused)
            }
        )
        return try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
            configuration: .init(upgradeConfiguration: configuration)
        )
    }
}

/// The server's end of one connection, used by one script.
final class Peer {
    struct Request {
        let id: Int64
        let method: String
        let params: String
    }

    struct Left: Error {
        /// Nil when there was no close frame.
        let code: Int?
    }

    let channel: any Channel
    /// The path and query that were asked for.
    let target: String
    /// What was offered as subprotocols.
    let protocols: [String]
    private var frames: NIOAsyncChannelInboundStream<WebSocketFrame>.AsyncIterator
    private(set) var pongs: [String] = []

    init(_ channel: any Channel, _ head: HTTPRequestHead, _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>) {
        self.channel = channel
        target = head.uri
        protocols = head.headers[canonicalForm: "sec-websocket-protocol"].map(String.init)
        frames = inbound.makeAsyncIterator()
    }

    /// The next request.
    ///
    /// - Throws: ``Left`` when the client goes.
    func request() async throws -> Request {
        while let frame = try await frames.next(isolation: #isolation) {
            var data = frame.unmaskedData
            switch frame.opcode {
            case .text:
                guard frame.maskKey != nil else { throw Left(code: 1002) }
                let value = JSONValue(String(buffer: data))
                return Request(
                    id: value["id"]?.integer ?? 0,
                    method: value["method"]?.text ?? "",
                    params: value["params"]?.canonicalText ?? ""
                )
            case .pong:
                pongs.append(String(buffer: data))
            case .connectionClose:
                throw Left(code: data.readInteger(as: UInt16.self).map(Int.init))
            default:
                break
            }
        }
        throw Left(code: nil)
    }

    /// Waits until the client goes; answers nothing.
    func untilLeft() async throws {
        while true { _ = try await request() }
    }

    /// Waits for a pong, through whatever else comes.
    func pong() async throws -> String {
        while pongs.isEmpty {
            guard let frame = try await frames.next(isolation: #isolation) else { throw Left(code: nil) }
            if frame.opcode == .pong { pongs.append(String(buffer: frame.unmaskedData)) }
        }
        return pongs.removeFirst()
    }

    /// Answers the client's first question; every session begins with it.
    ///
    /// - Parameter heads: the user's channels and where they stand.
    func welcome(_ heads: [(channel: String, head: ChannelPosition)] = []) async throws {
        let request = try await request()
        guard request.method == "getOfficialAccountsInfo", request.params == Wire.listRequest(from: 0) else {
            throw Left(code: nil)
        }
        let items = heads.map { Wire.item($0.channel, $0.head) }.joined(separator: ",")
        answer(request, #"{"OfficialAccountInfoList":[\#(items)]}"#)
    }

    func answer(_ request: Request, _ result: String) {
        send(#"{"jsonrpc":"2.0","id":\#(request.id),"result":\#(result)}"#)
    }

    func refuse(_ request: Request, _ code: Int) {
        send(#"{"jsonrpc":"2.0","id":\#(request.id),"error":{"code":\#(code),"message":"No."}}"#)
    }

    func notify(_ method: String, _ params: String) {
        send(#"{"jsonrpc":"2.0","method":"\#(method)","params":\#(params)}"#)
    }

    func post(_ seq: Int64, in channel: String = Wire.news, event: Int64? = nil, epoch: String = "e") {
        notify("onRecvNewMessage", Wire.message(seq, in: channel, event: event ?? seq, epoch: epoch))
    }

    func send(_ text: String) {
        write(.text, ByteBuffer(string: text))
    }

    func ping(_ payload: String) {
        write(.ping, ByteBuffer(string: payload))
    }

    func close(_ code: UInt16, _ reason: String = "") {
        var data = ByteBuffer(integer: code)
        data.writeString(reason)
        write(.connectionClose, data)
    }

    /// Ends the connection without a close frame.
    func drop() async throws {
        try await channel.close()
    }

    func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer, fin: Bool = true) {
        channel.writeAndFlush(WebSocketFrame(fin: fin, opcode: opcode, data: data), promise: nil)
    }
}

/// Texts of the protocol.
enum Wire {
    static let news = "@TOA#_news"

    static func listRequest(from offset: Int) -> String {
        #"{"Limit":200,"OfficialAccountIdList":[],"Offset":\#(offset)}"#
    }

    static func message(
        _ seq: Int64,
        in channel: String = news,
        event: Int64? = nil,
        epoch: String = "e",
        text: String? = nil,
        isOnlineOnly: Bool = false
    ) -> String {
        #"{"From_Account":"\#(channel)","Official_Account":"\#(channel)","Epoch":"\#(epoch)","MsgSeq":\#(seq),"#
            + #""EventSeq":\#(event ?? seq),"MsgKey":"\#(seq)_1_9","MsgTime":9,"MsgBody":[{"MsgType":"TIMTextElem","#
            + #""MsgContent":{"Text":"\#(text ?? "m\(seq)")"}}],"CloudCustomData":"","#
            + #""OnlineOnlyFlag":\#(isOnlineOnly ? 1 : 0)}"#
    }

    static func revocation(of seq: Int64, event: Int64, in channel: String = news, epoch: String = "e") -> String {
        #"{"Official_Account":"\#(channel)","Epoch":"\#(epoch)","EventSeq":\#(event),"MsgSeq":\#(seq),"#
            + #""MsgKey":"\#(seq)_1_9","Reason":"Wrong"}"#
    }

    static func item(_ channel: String, _ head: ChannelPosition, more: String = "") -> String {
        #"{"Official_Account":"\#(channel)","ErrorCode":0,"ErrorInfo":"","CreateTime":1,"Name":"N","#
            + #""Owner_Account":"o","LastMsgTime":0,"SubscriberNum":1,"Introduction":"","FaceUrl":"","#
            + #""Organization":"","CustomString":"","Epoch":"\#(head.epoch)","HeadMsgSeq":\#(head.messageSeq),"#
            + #""HeadEventSeq":\#(head.eventSeq)\#(more)}"#
    }

    static func position(_ position: ChannelPosition) -> String {
        #""Epoch":"\#(position.epoch)","MsgSeq":\#(position.messageSeq),"EventSeq":\#(position.eventSeq)"#
    }

    /// An answer of `resume` for one channel.
    static func missing(_ messages: [String], upTo end: ChannelPosition, more: String = "") -> String {
        #"{"messages":[\#(messages.joined(separator: ","))],\#(position(end))\#(more)}"#
    }
}

func at(_ seq: Int64, _ epoch: String = "e") -> ChannelPosition {
    ChannelPosition(epoch: epoch, messageSeq: seq, eventSeq: seq)
}

extension SubscriberSession {
    /// What comes up to the event that is waited for, without connection states, each in a few letters.
    func words(until last: String) async throws -> [String] {
        var words: [String] = []
        for try await event in events {
            guard let word = event.word else { continue }
            words.append(word)
            if word == last { break }
        }
        return words
    }
}

extension SubscriberEvent {
    /// Nil for connection states.
    var word: String? {
        switch self {
        case .message(let message): message.text
        case .revoked(let revocation): "revoked \(revocation.seq)"
        case .infoChanged(let channel): "changed \(channel.info.id)"
        case .deleted(let channel): "deleted \(channel)"
        case .subscribed(let channel): "subscribed \(channel.info.id)"
        case .unsubscribed(let channel): "unsubscribed \(channel)"
        case .reloadNeeded(let channel): "reload \(channel)"
        case .userSigExpired: "expired"
        case .kicked(let reason): "kicked \(reason.rawValue)"
        case .connection: nil
        }
    }
}
