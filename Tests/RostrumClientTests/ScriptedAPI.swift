import AsyncHTTPClient
import ChatProtocol
import NIOCore
import RostrumClient
import RostrumTesting
import Synchronization

/// A REST API on this machine that answers the calls in the order of a script, and keeps what it was asked.
struct ScriptedAPI: Sendable {
    enum Step: Sendable {
        /// HTTP 200 with this body.
        case reply(String)
        case status(Int, String)
        /// The connection ends without an answer.
        case close
        /// Half an answer, then the end.
        case half
        case nothing

        static func success(_ members: String = "") -> Step {
            let rest = members.isEmpty ? "" : ",\(members)"
            return .reply(#"{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","RequestId":"r-1"\#(rest)}"#)
        }

        static func failure(_ code: Int) -> Step {
            .reply(#"{"ActionStatus":"FAIL","ErrorCode":\#(code),"ErrorInfo":"No.","RequestId":"r-1"}"#)
        }

        fileprivate var script: Receiver.Script {
            switch self {
            case .reply(let body): Receiver.reply(200, body)
            case .status(let status, let body): Receiver.reply(status, body)
            case .close: Receiver.close
            case .half: Receiver.raw("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{", thenClose: true)
            case .nothing: Receiver.nothing
            }
        }
    }

    let receiver: Receiver
    let machine: Machine

    /// Runs `body` with a client of the API; once the script is at its end, its last step is repeated.
    static func with<Value>(
        _ steps: [Step],
        userSigs: UserSigSource = .key("key"),
        configure: (inout AdminClient) -> Void = { _ in },
        _ body: (AdminClient, ScriptedAPI) async throws -> Value
    ) async throws -> Value {
        let rest = Rest(steps)
        return try await Receiver.listening { channel, request in
            rest.next().script(channel, request)
        } _: { receiver in
            let api = ScriptedAPI(receiver: receiver, machine: Machine())
            var client = try AdminClient(
                server: "http://127.0.0.1:\(receiver.port)",
                sdkAppID: 88_888_888,
                userSigs: userSigs,
                surroundings: api.machine.surroundings
            )
            configure(&client)
            return try await body(client, api)
        }
    }

    private final class Rest: Sendable {
        private let steps: Mutex<[Step]>

        init(_ steps: [Step]) {
            self.steps = Mutex(steps)
        }

        func next() -> Step {
            steps.withLock { $0.count > 1 ? $0.removeFirst() : $0.first ?? .nothing }
        }
    }

    var requests: [Receiver.Request] { receiver.record.requests }
}

extension Receiver.Request {
    var text: String { String(decoding: body, as: UTF8.self) }

    /// `SERVICE/COMMAND`.
    var command: String {
        let target = lines.first?.split(separator: " ").dropFirst().first ?? ""
        return String(target.prefix { $0 != "?" }.dropFirst("/v4/".count))
    }

    /// A parameter of the URL, as it stands there.
    func parameter(_ name: String) -> String? {
        let target = lines.first?.split(separator: " ").dropFirst().first ?? ""
        let parameters = target.drop { $0 != "?" }.dropFirst().split(separator: "&")
        return parameters.first { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.count + 1)) }
    }
}
