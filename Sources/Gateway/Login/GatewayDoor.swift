import Chat
import ChatProtocol
import EventBus
import Logging
import NIOCore
import NIOHTTP1
import WebSockets

/// The login of subscribers: `GET /v4/ws`.
///
/// Source: design section 4, docs/subscriber-protocol.md.
struct GatewayDoor: WebSocketDoor {
    /// The subprotocol that is spoken.
    static let subprotocol = "rostrum.v1"
    /// How long an accepted session may take to open.
    static let longestUpgrade = TimeAmount.seconds(15)

    let shared: GatewayShared
    let systems: Systems
    let admission: Admission
    /// Whose request it is, when proxies stand between.
    let address: @Sendable (UpgradeRequest) -> String
    let logger: Logger

    func decide(_ request: UpgradeRequest, on eventLoop: any EventLoop) -> EventLoopFuture<UpgradeDecision> {
        let address = address(request)
        let offer = Offer(request.headers)
        guard shared.addresses.admit(address) else {
            shared.metrics.login(.frequencyExceeded)
            return eventLoop.makeSucceededFuture(
                refusal(
                    ChatError(.frequencyExceeded, "Too many connections from this address; try again later."),
                    offer
                )
            )
        }
        let promise = eventLoop.makePromise(of: UpgradeDecision.self)
        let hub = shared.hub(of: eventLoop)
        let began = NIODeadline.now()
        let isTaken = shared.jobs.add { [self] in
            var admitted: Session?
            do throws(ChatError) {
                let session = try await shared.turnstile.pass { () throws(ChatError) in
                    // Nobody waits any more: the time is better spent on those who do.
                    guard NIODeadline.now() - began < UpgradeGate.longestDecision else {
                        throw ChatError(.requestTimedOut, "The login waited for too long; try again.")
                    }
                    let (session, application) = try await admit(request, offer, from: address, on: hub)
                    admitted = session
                    session.follow(try await followed(by: session, of: application))
                    return session
                }
                hub.eventLoop.execute { hub.add(session) }
                shared.metrics.login(.ok)
                promise.succeed(
                    .accept(subprotocol: offer.offersRostrum ? Self.subprotocol : nil, makeReceiver: { session })
                )
            } catch {
                // A session gives back its address itself, and may have done so: it is among those that can be ended.
                if let admitted {
                    hub.eventLoop.execute { admitted.abandon() }
                } else {
                    shared.addresses.release(address)
                }
                shared.metrics.login(error.code)
                logger.fault("internal fault at a login", error)
                promise.succeed(refusal(error, offer))
            }
        }
        if !isTaken {
            shared.addresses.release(address)
            promise.succeed(refusal(ChatError(.requestTimedOut, "The server is stopping; try again."), offer))
        }
        return promise.futureResult
    }

    func unavailable(_ request: UpgradeRequest) -> UpgradeDecision {
        let error = ChatError(.requestTimedOut, "The server has no time for the login now; try again later.")
        return refusal(error, Offer(request.headers))
    }

    /// Makes the session of a caller who is who he says.
    private func admit(
        _ request: UpgradeRequest,
        _ offer: Offer,
        from address: String,
        on hub: LoopHub
    ) async throws(ChatError) -> (Session, Application) {
        let query = request.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first
        var parameters = try URLParameters(query: query ?? "")
        if let userSig = offer.userSig { parameters = parameters.offering(userSig: userSig) }
        let application = try await admission.application(parameters)
        let caller = try await admission.authenticate(parameters, of: application, from: address)
        let session = Session(
            AccountReference(application: application.id, user: caller.identifier),
            platform: ClientPlatform(parameter: parameters.platform),
            address: address,
            instance: systems.random.number(),
            token: caller.token,
            term: shared.rooms.term,
            limit: application.limits[.connectionsPerUser],
            on: hub
        )
        // Known before its subscriptions are read, so that no change of them is missed.
        shared.sessions.add(session)
        await shared.bus.follow([session.account.topic])
        return (session, application)
    }

    /// What the user subscribes to; a first login imports him.
    private func followed(
        by session: Session,
        of application: Application
    ) async throws(ChatError) -> [Timeline.Followed] {
        let user = session.account.user
        let token = session.token
        if let followed = try await systems.timeline.followed(by: user, with: token, of: application.id) {
            return followed
        }
        try await systems.accounts.admit(
            for: Call(
                application: application,
                caller: user,
                address: session.address,
                platform: session.platform,
                requestID: systems.random.hex(bytes: 16),
                time: systems.clock.now
            )
        )
        return try await systems.timeline.followed(by: user, with: token, of: application.id) ?? []
    }

    /// A browser cannot read a refused upgrade: who offers the subprotocol is accepted and then closed.
    private func refusal(_ error: ChatError, _ offer: Offer) -> UpgradeDecision {
        let kind = LoginRefusal(error)
        if offer.offersRostrum {
            return .acceptAndClose(
                subprotocol: Self.subprotocol,
                code: kind.closeCode,
                reason: error.closeReason
            )
        }
        return .refuse(
            status: kind.status,
            headers: ["Content-Type": "application/json"],
            body: Envelope.failure(error, requestID: systems.random.hex(bytes: 16))
        )
    }
}

/// What a client offers in `Sec-WebSocket-Protocol`.
private struct Offer {
    let offersRostrum: Bool
    /// What stands beside the subprotocol's name.
    let userSig: String?

    init(_ headers: HTTPHeaders) {
        let words = headers[canonicalForm: "sec-websocket-protocol"].map(String.init)
        offersRostrum = words.contains(GatewayDoor.subprotocol)
        userSig = offersRostrum ? words.first { $0 != GatewayDoor.subprotocol } : nil
    }
}

/// How a refused login looks outside.
private enum LoginRefusal {
    case unauthorized, tooMany, unavailable

    init(_ error: ChatError) {
        switch error.code {
        case .frequencyExceeded: self = .tooMany
        case .requestTimedOut: self = .unavailable
        default: self = error.isInternalFault ? .unavailable : .unauthorized
        }
    }

    var status: HTTPResponseStatus {
        switch self {
        case .unauthorized: .unauthorized
        case .tooMany: .tooManyRequests
        case .unavailable: .serviceUnavailable
        }
    }

    var closeCode: WebSocketCloseCode {
        switch self {
        case .unauthorized: .unauthorized
        case .tooMany: .tooManyConnections
        case .unavailable: .tryAgainLater
        }
    }
}

extension ClientPlatform {
    /// The platform that a client names, in any letters; what nobody knows is unknown.
    init(parameter: String?) {
        let name = parameter?.lowercased() ?? ""
        let known = Self.allCases.first { $0 != .restAPI && $0.rawValue.lowercased() == name }
        self = known ?? (name == "mac" ? .macOS : .unknown)
    }
}
