import ChatProtocol
public import Logging
import NIOCore
public import NIOSSL
import TLSPolicy

/// A user's live connection: what the channels send that he subscribes to, and what he does with them.
///
/// ```swift
/// let configuration = SubscriberSession.Configuration(
///     server: "https://chat.example.com", sdkAppID: 88_888_888, identifier: "anna", userSigs: .supplied(askBackend))
/// try await SubscriberSession.connect(configuration) { session in
///     for try await event in session.events {
///         if case .message(let message) = event { print(message.text) }
///     }
/// }
/// ```
///
/// **Lifetime.** A session lives as long as the closure that is given to ``connect(_:_:)``: no connection and no task is
/// left once that returns, but for a source of UserSigs that ignores being cancelled. In an app, run it in a task of the
/// app's own and cancel the task to log out. A session that had to be closed by hand would sooner or later be forgotten,
/// connected, on a phone.
///
/// **Connection.** The session connects by itself and comes back after every loss, after growing pauses. Only a reason
/// that would be the same again ends it: see ``SessionEnd``.
///
/// **Completeness.** Within a channel the events come in order, each once while the program runs, whatever happens to
/// the connection: after every loss the session asks for what it missed, from the position at which it is. An
/// online-only post that was sent while the session caught up may come after newer ones. Where the server cannot tell
/// what was missed, ``SubscriberEvent/reloadNeeded(channel:)`` says so. Give ``Configuration/positions`` a store that
/// outlives the program to go on where it stopped; see ``SubscriberEvents`` for what may come twice then.
///
/// **Slow consumers.** When ``Configuration/bufferedEvents`` wait, the socket is read no further, except for the answer
/// of a call; then the server stops sending, and what it left out is asked for later. So go through
/// ``events`` all the time, and quickly.
public final class SubscriberSession: Sendable {
    /// Whose session, with which server, and how.
    public struct Configuration: Sendable {
        /// The server's URL, such as `https://chat.example.com`.
        public var server: String
        /// The application's number.
        public var sdkAppID: Int64
        /// The user; a first login imports the account.
        public var identifier: String
        /// The user's UserSigs.
        public var userSigs: UserSigSource
        /// Where it is remembered how far the user has come.
        public var positions: any PositionStore = MemoryPositionStore()
        /// What the server tells others of the device: `Web`, `iOS`, `Android`, `Windows`, `macOS` or `iPad`.
        public var platform: String = Configuration.ownPlatform
        /// The pauses before connecting again.
        public var backoff = Backoff(firstPause: .milliseconds(500), longestPause: .seconds(30))
        /// How long each may take: a UserSig from the source, connecting, and the answer to a call.
        public var timeout: Duration = .seconds(10)
        /// Events that wait for the consumer before the socket is read no further.
        public var bufferedEvents = 64
        /// Whose certificates are believed, and more; for URLs with `https` or `wss`.
        public var tls = TLSConfiguration.makeClientConfiguration().modern
        /// Told of lost connections at the level `info`.
        public var logger = Logger(label: "rostrum.session")

        /// A user's session with what else stands here as it is.
        public init(server: String, sdkAppID: Int64, identifier: String, userSigs: UserSigSource) {
            (self.server, self.sdkAppID) = (server, sdkAppID)
            (self.identifier, self.userSigs) = (identifier, userSigs)
        }

        private static var ownPlatform: String {
            #if os(iOS)
            "iOS"
            #elseif os(macOS)
            "macOS"
            #elseif os(Windows)
            "Windows"
            #elseif os(Android)
            "Android"
            #else
            "Unknown"
            #endif
        }
    }

    /// What happens, for one task to go through.
    public let events: SubscriberEvents

    let calls: CallBook
    let buffer: EventBuffer
    let timeout: Duration
    let clock: any Clock<Duration>
    private let loop: SessionLoop

    /// Connects, and runs `body` for as long as the session is to last.
    ///
    /// `body` begins at once; calls wait for the connection.
    ///
    /// - Returns: what `body` returns.
    /// - Throws: ``RostrumError/misconfigured(_:)``, or what `body` throws.
    @discardableResult
    public static func connect<Result>(
        _ configuration: Configuration,
        _ body: (SubscriberSession) async throws -> Result
    ) async throws -> Result {
        try await connect(configuration, surroundings: .system, body)
    }

    package static func connect<Result>(
        _ configuration: Configuration,
        surroundings: Surroundings,
        _ body: (SubscriberSession) async throws -> Result
    ) async throws -> Result {
        let session = try SubscriberSession(configuration, surroundings)
        // A child task, cancelled and waited for at the end of the scope; `body` stays on the caller's actor.
        async let _: Void = session.loop.run()
        defer { session.calls.end()?.close(code: 1000) }
        return try await body(session)
    }

    private init(_ configuration: Configuration, _ surroundings: Surroundings) throws(RostrumError) {
        let address = try ServerAddress(configuration.server)
        var tls: NIOSSLContext?
        if address.usesTLS {
            do {
                tls = try NIOSSLContext(configuration: configuration.tls)
            } catch {
                throw .misconfigured("The TLS configuration cannot be used: \(error)")
            }
        }
        calls = CallBook(clock: surroundings.clock)
        buffer = EventBuffer(capacity: configuration.bufferedEvents)
        events = SubscriberEvents(buffer: buffer, store: configuration.positions)
        (timeout, clock) = (configuration.timeout, surroundings.clock)
        loop = SessionLoop(
            configuration,
            connector: WebSocketConnector(address: address, tls: tls, timeout: TimeAmount(configuration.timeout)),
            buffer: buffer,
            calls: calls,
            surroundings: surroundings
        )
    }

    /// Events that wait for the consumer.
    package var waitingEvents: Int { buffer.count }
}
