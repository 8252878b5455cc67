import FoundationEssentials
import UserSig

/// Who signs calls from outside, as a customer's backend does: nothing here knows the server's own types.
package struct Signatory: Sendable {
    package let application: Int64
    package let identifier: String
    package let token: String

    /// The key that the documentation publishes for the emulator's application.
    package static let emulatorKey = "5c1f0b9e7d3a48629e0d4b7c6a5f8e1d2c3b4a59687f6e5d4c3b2a1908f7e6d5"

    /// The emulator's own admin.
    package static let emulator = Signatory(application: 88_888_888, key: emulatorKey)

    package init(application: Int64, identifier: String = "administrator", key: String) {
        (self.application, self.identifier) = (application, identifier)
        token = UserSig.token(
            sdkAppID: application,
            identifier: identifier,
            key: key,
            issuedAt: Int64(Date.now.timeIntervalSince1970),
            lifetime: 86_400
        )
    }

    /// The path and query of a command's URL.
    package func target(_ command: String) -> String {
        "/v4/\(command)?sdkappid=\(application)&identifier=\(identifier)&usersig=\(token)"
            + "&random=99999999&contenttype=json"
    }
}

/// The bytes of a request of HTTP/1.1.
///
/// - Parameter headers: beside `Host` and `Content-Length`, which may be among them to be others.
package func httpRequest(
    _ method: String,
    _ target: String,
    headers: [(String, String)] = [],
    body: String? = nil,
    version: String = "1.1"
) -> [UInt8] {
    let given = Set(headers.map { $0.0.lowercased() })
    var text = "\(method) \(target) HTTP/\(version)\r\n"
    if !given.contains("host") { text += "Host: 127.0.0.1\r\n" }
    if let body, given.isDisjoint(with: ["content-length", "transfer-encoding"]) {
        text += "Content-Length: \(body.utf8.count)\r\n"
    }
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    return Array((text + "\r\n" + (body ?? "")).utf8)
}

/// What every reply of the REST API says, and the fields of replies that acceptance tests read.
package struct CallReply: Decodable, Sendable {
    package struct Channel: Decodable, Sendable {
        package let Official_Account: String
        package let ErrorCode: Int
        package let Name: String?
    }

    package struct Account: Decodable, Sendable {
        package let UserID: String
        package let AccountStatus: String
    }

    package struct Subscriber: Decodable, Sendable {
        package let Subscriber_Account: String
        package let Result: Int
    }

    package struct Recall: Decodable, Sendable {
        package let MsgKey: String
        package let RetCode: Int
    }

    package let ActionStatus: String
    package let ErrorCode: Int
    package let ErrorInfo: String
    package let RequestId: String
    package let OfficialAccountUserID: String?
    package let OfficialAccountInfoList: [Channel]?
    package let ResultItem: [Account]?
    package let SubscriberList: [Subscriber]?
    package let MsgKey: String?
    package let RecallRetList: [Recall]?
}

extension RawConnection {
    /// Sends a request and reads its reply.
    package func exchange(
        _ method: String,
        _ target: String,
        headers: [(String, String)] = [],
        body: String? = nil,
        within limit: Duration = .seconds(40)
    ) throws -> HTTPReply {
        try send(httpRequest(method, target, headers: headers, body: body), within: limit)
        return try readReply(hasBody: method != "HEAD", within: limit)
    }

    /// Makes a signed call; the connection stays open for the next.
    package func call(
        _ command: String,
        _ body: String,
        as signatory: Signatory = .emulator,
        idempotencyKey: String? = nil,
        within limit: Duration = .seconds(40)
    ) throws -> CallReply {
        let headers = idempotencyKey.map { [("Idempotency-Key", $0)] } ?? []
        let reply = try exchange("POST", signatory.target(command), headers: headers, body: body, within: limit)
        guard reply.status == 200 else { throw Failure.notHTTP("status \(reply.status) for \(command)") }
        return try reply.decoded()
    }
}

extension ServerProcess {
    package func connect() async throws -> RawConnection {
        try await RawConnection.open(port: port)
    }

    /// Makes one signed call on a connection of its own.
    package func call(
        _ command: String,
        _ body: String,
        as signatory: Signatory = .emulator,
        idempotencyKey: String? = nil
    ) async throws -> CallReply {
        try await connect().call(command, body, as: signatory, idempotencyKey: idempotencyKey)
    }

    /// Makes one request on a connection of its own.
    package func request(
        _ method: String,
        _ target: String,
        headers: [(String, String)] = [],
        body: String? = nil
    ) async throws -> HTTPReply {
        try await connect().exchange(method, target, headers: headers, body: body)
    }
}
