public import AsyncHTTPClient
import ChatProtocol
public import Logging

/// Calls an application's REST API as one of its admins: what a backend does.
///
/// ```swift
/// let admin = try AdminClient(server: "http://127.0.0.1:8080", sdkAppID: 88_888_888, userSigs: .key(key))
/// try await admin.importAccount(NewAccount(id: "anna"))
/// ```
///
/// A client holds no connections of its own and may be used from many tasks at once; make one and keep it.
///
/// **Names.** Accounts and channels are strings here as they are on the wire: the server judges them, and answers with
/// the documented code.
///
/// **Retries.** A call that met a lost connection, a gateway's error or a passing fault of the server is made again, at
/// most ``attempts`` times in all, after pauses by ``backoff``. That is safe for calls that change something, too: each
/// carries an `Idempotency-Key`, the same with every attempt, by which the server gives its first answer again for 24 h.
/// Give a key of your own to go on with a call after a restart of your program: the same key with the same arguments.
///
/// **Errors.** Every call throws ``RostrumError``. A refusal has the `ErrorCode` that the documentation lists with the
/// command; each command may also answer those of the gateway (60002 to 60028) and of UserSigs (70001 to 70050).
///
/// **Server.** The commands are Tencent's, so the client also speaks to their service, except for those of the service
/// `rostrum_svc`. That one knows no `Idempotency-Key`.
public struct AdminClient: Sendable {
    /// How often a call is made at most, at least 1; once more when the UserSig had to be renewed.
    public var attempts = 4
    /// The pauses before a call is made again.
    public var backoff = Backoff(firstPause: .milliseconds(200), longestPause: .seconds(5))
    /// How long one attempt may take, from connecting to the last byte of its answer.
    public var timeout: Duration = .seconds(10)

    let transport: AdminTransport
    let surroundings: Surroundings
    private let logger: Logger

    /// - Parameters:
    ///   - server: such as `https://chat.example.com`; `http` on trusted networks only, since UserSigs are in the URLs.
    ///   - sdkAppID: the application's number.
    ///   - identifier: one of its admins.
    ///   - userSigs: the admin's UserSigs.
    ///   - httpClient: makes the connections; not shut down by this client.
    ///   - logger: told of retries at the level `debug`.
    /// - Throws: ``RostrumError/misconfigured(_:)`` when `server` is no such URL.
    public init(
        server: String,
        sdkAppID: Int64,
        identifier: String = "administrator",
        userSigs: UserSigSource,
        httpClient: HTTPClient = .shared,
        logger: Logger = Logger(label: "rostrum.admin")
    ) throws(RostrumError) {
        try self.init(
            server: server,
            sdkAppID: sdkAppID,
            identifier: identifier,
            userSigs: userSigs,
            httpClient: httpClient,
            logger: logger,
            surroundings: .system
        )
    }

    package init(
        server: String,
        sdkAppID: Int64,
        identifier: String = "administrator",
        userSigs: UserSigSource,
        httpClient: HTTPClient = .shared,
        logger: Logger = Logger(label: "rostrum.admin"),
        surroundings: Surroundings
    ) throws(RostrumError) {
        transport = AdminTransport(
            address: try ServerAddress(server),
            sdkAppID: sdkAppID,
            identifier: identifier,
            userSigs: UserSigCache(
                sdkAppID: sdkAppID,
                identifier: identifier,
                source: userSigs,
                unixSeconds: surroundings.unixSeconds
            ),
            httpClient: httpClient
        )
        (self.surroundings, self.logger) = (surroundings, logger)
    }

    /// Makes a call that reads something.
    func read<Reply>(
        _ command: String,
        _ body: JSONObject,
        _ decode: @Sendable (WireObject) throws(WireFault) -> Reply
    ) async throws(RostrumError) -> Reply {
        try await perform(AdminCall(command: command, body: body.json, idempotencyKey: nil), decode).reply.get()
    }

    /// Makes a call that changes something.
    ///
    /// - Parameter key: the caller's own idempotency key; nil for one that is made here.
    func write<Reply>(
        _ command: String,
        _ body: JSONObject,
        _ key: String?,
        _ decode: @Sendable (WireObject) throws(WireFault) -> Reply
    ) async throws(RostrumError) -> Reply {
        try await perform(AdminCall(command: command, body: body.json, idempotencyKey: key ?? newKey()), decode)
            .reply.get()
    }

    func write(_ command: String, _ body: JSONObject, _ key: String?) async throws(RostrumError) {
        try await write(command, body, key) { (_) throws(WireFault) in }
    }

    /// Makes a call until it is answered for good, or there are no attempts left.
    ///
    /// - Returns: what came of the last attempt, and whether the answer to an earlier one was lost.
    func perform<Reply>(
        _ call: AdminCall,
        _ decode: @Sendable (WireObject) throws(WireFault) -> Reply
    ) async -> (reply: Result<Reply, RostrumError>, hasLostReply: Bool) {
        var hasLostReply = false
        var hasRenewed = false
        var attempt = 1
        while true {
            let failure: RostrumError
            do throws(RostrumError) {
                return (.success(try await attemptOnce(call, decode)), hasLostReply)
            } catch {
                failure = error
            }
            // A new UserSig is tried at once, and is no attempt of its own: the server did not look at the call.
            if failure.isStaleUserSig, !hasRenewed {
                hasRenewed = true
                continue
            }
            guard attempt < attempts, failure.isPassing else { return (.failure(failure), hasLostReply) }
            if case .noAnswer = failure { hasLostReply = true }
            logger.debug(
                "call is made again",
                metadata: ["command": "\(call.command)", "attempt": "\(attempt)", "error": "\(failure)"]
            )
            do {
                try await surroundings.pause(backoff.pause(beforeRetry: attempt, random: surroundings.random()))
            } catch {
                return (.failure(.cancelled), hasLostReply)
            }
            attempt += 1
        }
    }

    private func attemptOnce<Reply>(
        _ call: AdminCall,
        _ decode: @Sendable (WireObject) throws(WireFault) -> Reply
    ) async throws(RostrumError) -> Reply {
        let bytes = try await transport.send(call, random: surroundings.random(), timeout: timeout)
        let reply = try transport.envelope(bytes)
        do throws(WireFault) {
            return try decode(reply)
        } catch {
            throw .unreadable("\(call.command): \(error.problem)")
        }
    }

    /// 128 random bits in hexadecimal digits.
    func newKey() -> String {
        [surroundings.random(), surroundings.random()]
            .map { number in
                let digits = String(number, radix: 16)
                return String(repeating: "0", count: 16 - digits.count) + digits
            }
            .joined()
    }
}

/// One call, the same bytes with every attempt.
struct AdminCall: Sendable {
    /// `SERVICE/COMMAND`.
    let command: String
    let body: [UInt8]
    /// Nil for a call that changes nothing.
    let idempotencyKey: String?
}

extension RostrumError {
    /// Whether the same call may succeed a moment later.
    var isPassing: Bool {
        switch self {
        case .noAnswer: true
        case .refused(let refusal): Self.passingCodes.contains(refusal.code.rawValue)
        case .unreadable, .noUserSig, .requestTooLong, .misconfigured, .cancelled: false
        }
    }

    var isStaleUserSig: Bool {
        guard case .refused(let refusal) = self else { return false }
        return refusal.code == .userSigExpired
    }

    /// Documented as internal errors, timeouts and too many requests; the hourly limit of broadcasts is none of them.
    private static let passingCodes: Set<Int> = [
        10_002, 20_004, 20_005, 40_006, 60_007, 60_008, 60_011, 60_014, 60_018, 60_019, 70_169, 70_202, 70_500, 90_994,
        90_995, 91_000,
    ]
}
