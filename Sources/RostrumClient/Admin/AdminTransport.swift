import AsyncHTTPClient
import ChatProtocol
import NIOCore
import NIOHTTP1

/// Carries one attempt of a call to the server, and the answer back.
struct AdminTransport: Sendable {
    /// The longest answer that is read: more than the largest page of the largest messages.
    private static let longestReply = 16 * 1_048_576

    let address: ServerAddress
    let sdkAppID: Int64
    let identifier: String
    let userSigs: UserSigCache
    let httpClient: HTTPClient

    /// - Returns: the body of an answer with a status that a server of this protocol gives.
    func send(_ call: AdminCall, random: UInt64, timeout: Duration) async throws(RostrumError) -> Answer {
        let token = try await userSigs.current()
        var request = HTTPClientRequest(
            url: "\(address.httpURL)/v4/\(call.command)?sdkappid=\(sdkAppID)&identifier=\(identifier.queryEscaped)"
                + "&usersig=\(token.queryEscaped)&random=\(UInt32(truncatingIfNeeded: random))&contenttype=json"
        )
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        if let key = call.idempotencyKey { request.headers.add(name: "Idempotency-Key", value: key) }
        request.body = .bytes(call.body)
        let (status, bytes) = try await execute(request, timeout)
        switch status {
        case 200..<300:
            return Answer(token: token, bytes: bytes)
        case 408, 429, 500...:
            throw .noAnswer(reason: "HTTP status \(status)")
        default:
            throw .unreadable("HTTP status \(status)")
        }
    }

    /// What came back, and the token that was sent.
    struct Answer: Sendable {
        let token: String
        let bytes: ByteBuffer
    }

    /// The answer's members, when it is a success.
    func envelope(_ answer: Answer) throws(RostrumError) -> WireObject {
        let refusal: Refusal?
        let reply: WireObject
        do throws(WireFault) {
            reply = try WireObject(Self.value(answer.bytes), place: "")
            refusal = try reply.refusal()
        } catch {
            throw .unreadable(error.problem)
        }
        guard let refusal else { return reply }
        if refusal.code == .userSigExpired { userSigs.discard(answer.token) }
        throw .refused(refusal)
    }

    private static func value(_ bytes: ByteBuffer) throws(WireFault) -> JSONValue {
        do throws(JSONError) {
            return try JSONValue(parsing: bytes.readableBytesSpan)
        } catch {
            throw WireFault("The answer", "is no JSON: \(error.reason) at byte \(error.offset)")
        }
    }

    private func execute(
        _ request: HTTPClientRequest,
        _ timeout: Duration
    ) async throws(RostrumError) -> (status: UInt, bytes: ByteBuffer) {
        do {
            let response = try await httpClient.execute(request, timeout: TimeAmount(timeout))
            return (response.status.code, try await response.body.collect(upTo: Self.longestReply))
        } catch {
            guard !Task.isCancelled else { throw .cancelled }
            // The client's errors name what failed and hold nothing of the request.
            throw .noAnswer(reason: "\(error)")
        }
    }
}
