import ChatProtocol
import Logging
import NIOCore
import NIOWebSocket

/// Keeps a session connected: logs in, reads, resumes, and comes back after every loss until the session is over.
actor SessionLoop {
    /// How a connection ended.
    private enum Outcome {
        case lost(reason: String, isSlow: Bool)
        /// The login was refused, or the session is to log in again.
        case renew(Refusal)
        case expired
        case over(SessionEnd)
    }

    /// What a request of the session's own was about.
    private enum OwnRequest {
        case list(offset: Int64)
        case resume([String: ChannelPosition])
    }

    /// How long a connection has to hold after its login for the next pause to be a first one again.
    private static let goodConnection: Duration = .seconds(5)

    private let configuration: SubscriberSession.Configuration
    private let connector: WebSocketConnector
    private let target: String
    private let userSigs: UserSigCache
    private let buffer: EventBuffer
    private let calls: CallBook
    private let surroundings: Surroundings

    private var ledger = ChannelLedger(stored: [:])
    private var ownRequests: [Int64: OwnRequest] = [:]
    /// Where the list of the user's channels goes on; nil when it was read to its end or is being asked for.
    private var nextOfList: Int64?
    /// Tells how long the last login has held; nil before there was one.
    private var heldFor: (@Sendable () -> Duration)?
    /// Connections that failed since the last one that was good.
    private var failures = 0
    /// UserSigs that were used up since then.
    private var renewals = 0
    /// Logins that were refused since the last one that was not.
    private var refusals = 0

    init(
        _ configuration: SubscriberSession.Configuration,
        connector: WebSocketConnector,
        buffer: EventBuffer,
        calls: CallBook,
        surroundings: Surroundings
    ) {
        (self.configuration, self.connector) = (configuration, connector)
        (self.buffer, self.calls, self.surroundings) = (buffer, calls, surroundings)
        target =
            connector.address.path + LiveProtocol.path
            + "?sdkappid=\(configuration.sdkAppID)&identifier=\(configuration.identifier.queryEscaped)"
            + "&platform=\(configuration.platform.queryEscaped)"
        userSigs = UserSigCache(
            sdkAppID: configuration.sdkAppID,
            identifier: configuration.identifier,
            source: configuration.userSigs,
            unixSeconds: surroundings.unixSeconds
        )
    }

    /// Returns when the session is over or the task is cancelled.
    func run() async {
        do {
            ledger = ChannelLedger(stored: try await configuration.positions.positions())
        } catch {
            finish(.positionStore(error))
            return
        }
        while !Task.isCancelled {
            heldFor = nil
            let outcome = await connection()
            if let heldFor, heldFor() >= Self.goodConnection { (failures, renewals) = (0, 0) }
            switch outcome {
            case .over(let end):
                finish(end)
                return
            case .expired:
                guard await pauseForRenewal("the UserSig expired") else { break }
            case .renew(let refusal):
                refusals += 1
                // One that was kept may have become old; one made just now would be refused again.
                guard refusals < 2 else {
                    finish(.loginRefused(refusal))
                    return
                }
                guard await pauseForRenewal("\(refusal)") else { break }
            case .lost(let reason, let isSlow):
                guard await pause(after: reason, isSlow) else { break }
            }
        }
        finish(nil)
    }

    private func finish(_ end: SessionEnd?) {
        calls.end()
        buffer.finish(end)
    }

    /// The first new UserSig is tried at once; a server that is content with none is not asked without pause.
    ///
    /// - Returns: false when the task was cancelled meanwhile.
    private func pauseForRenewal(_ reason: String) async -> Bool {
        renewals += 1
        return renewals > 1 ? await pause(after: reason, false) : true
    }

    /// - Returns: false when the task was cancelled meanwhile.
    private func pause(after reason: String, _ isSlow: Bool) async -> Bool {
        guard !Task.isCancelled else { return false }
        failures += 1
        calls.lost(reason)
        let pause = configuration.backoff.pause(
            beforeRetry: isSlow ? .max : failures,
            random: surroundings.random()
        )
        configuration.logger.info(
            "session is disconnected",
            metadata: ["reason": "\(reason)", "failures": "\(failures)", "pause": "\(pause)"]
        )
        buffer.append([Delivery(.connection(.disconnected(reason: reason, retryAfter: pause)))])
        do {
            try await surroundings.pause(pause)
        } catch {
            return false
        }
        // What was missed would only wait behind what already does.
        await buffer.waitForRoom()
        return !Task.isCancelled
    }

    /// Makes a connection and serves it to its end.
    private func connection() async -> Outcome {
        let token: String
        do throws(RostrumError) {
            token = try await self.token()
        } catch {
            return .lost(reason: "\(error)", isSlow: false)
        }
        do {
            let channel = try await connector.connect(target, token: token)
            let live = LiveConnection(channel.channel, surroundings.clock)
            begin(live)
            let outcome = try await channel.executeThenClose { inbound, _ in
                await withTaskGroup(of: Void.self) { group in
                    let clock = surroundings.clock
                    group.addTask { await live.watch(clock) }
                    group.addTask { await self.askWhenThereIsRoom(live) }
                    let outcome = await self.serve(inbound, live)
                    group.cancelAll()
                    return outcome
                }
            }
            calls.disconnected("the connection was lost")
            switch outcome {
            case .renew, .expired: userSigs.discard(token)
            case .lost, .over: break
            }
            return outcome
        } catch {
            calls.disconnected("the connection was lost")
            return .lost(reason: "\(error)", isSlow: false)
        }
    }

    private func token() async throws(RostrumError) -> String {
        if let token = userSigs.valid { return token }
        let limit = configuration.timeout
        let answer = await surroundings.clock.within(limit) { [userSigs] () -> Result<String, RostrumError> in
            do throws(RostrumError) {
                return .success(try await userSigs.current())
            } catch {
                return .failure(error)
            }
        }
        guard let answer else { throw .noAnswer(reason: "no UserSig within \(limit)") }
        return try answer.get()
    }

    private func begin(_ live: LiveConnection) {
        ledger.connected()
        ownRequests = [:]
        requestList(from: 0, live)
        askOn(live)
    }

    private func serve(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>,
        _ live: LiveConnection
    ) async -> Outcome {
        var isLoggedIn = false
        do {
            for try await frame in inbound {
                live.heard()
                switch frame.opcode {
                case .text:
                    if !isLoggedIn {
                        isLoggedIn = true
                        refusals = 0
                        heldFor = surroundings.clock.stopwatch()
                        buffer.append([Delivery(.connection(.connected))])
                        calls.connected(live)
                    }
                    if let outcome = try take(frame.unmaskedData, live) { return outcome }
                case .ping:
                    live.pong(frame.unmaskedData)
                case .connectionClose:
                    return Self.outcome(of: CloseCode(frame.unmaskedData))
                default:
                    break
                }
                if buffer.isOverfull { return .lost(reason: "events are taken too slowly", isSlow: false) }
                if buffer.isFull {
                    live.pause(true)
                    await buffer.waitForRoom()
                    live.pause(false)
                }
                askOn(live)
            }
            return .lost(reason: live.fault ?? "the connection was closed", isSlow: false)
        } catch let fault as WireFault {
            return .lost(reason: fault.problem, isSlow: false)
        } catch {
            return .lost(reason: live.fault ?? "\(error)", isSlow: false)
        }
    }

    private static func outcome(of close: CloseCode) -> Outcome {
        switch close.verdict {
        case .reconnect(let isSlow):
            return .lost(reason: "closed with \(close.code) \(close.reason)", isSlow: isSlow)
        case .renew(let refusal):
            return .renew(refusal)
        case .end where close.code == 4409:
            return .over(.kicked(.replaced))
        case .end:
            return .over(.closed(code: close.code, reason: close.reason))
        }
    }

    /// Takes a text of the server.
    ///
    /// - Returns: nil unless it ends the connection.
    private func take(_ text: ByteBuffer, _ live: LiveConnection) throws(WireFault) -> Outcome? {
        switch try ServerFrame(parsing: text.readableBytesSpan) {
        case .notification(let notification):
            return take(notification, live)
        case .answer(let id, let answer):
            guard let own = ownRequests.removeValue(forKey: id) else {
                calls.answered(id, answer)
                return nil
            }
            switch answer {
            case .success(let result):
                try take(result, of: own)
                return nil
            case .failure(let refusal):
                return .lost(reason: "\(refusal)", isSlow: false)
            }
        }
    }

    private func take(_ notification: ServerNotification, _ live: LiveConnection) -> Outcome? {
        switch notification {
        case .sequenced(let event):
            buffer.append(ledger.received(event))
        case .deleted(let channel):
            buffer.append(ledger.ended(channel, .deleted(channel: channel)))
        case .subscribed(let channel):
            buffer.append(ledger.subscribed(channel))
        case .unsubscribed(let channel):
            buffer.append(ledger.ended(channel, .unsubscribed(channel: channel)))
        case .lagging(let heads):
            buffer.append(ledger.lagging(heads))
        case .kicked(let reason):
            buffer.append([Delivery(.kicked(reason))])
            return .over(.kicked(reason))
        case .userSigExpired:
            buffer.append([Delivery(.userSigExpired)])
            return .expired
        case .unknown:
            break
        }
        return nil
    }

    private func take(_ result: JSONValue, of own: OwnRequest) throws(WireFault) {
        let result = try WireObject(result, place: "result")
        switch own {
        case .list(let offset):
            let page = try SubscribedPage(result, from: offset)
            nextOfList = page.nextOffset
            buffer.append(ledger.listed(page.channels), isAsked: true)
        case .resume(let asked):
            let answers = try result.members { (answer) throws(WireFault) in try ResumeAnswer(answer) }
            for channel in asked.keys.sorted() {
                guard let answer = answers[channel] else { throw WireFault("resume", "leaves out a channel") }
                buffer.append(ledger.resumed(channel, answer), isAsked: true)
            }
        }
    }

    /// Resumes what there is to be resumed, one request at a time and when there is room: each answer may be long.
    private func askOn(_ live: LiveConnection) {
        defer { live.waits(forAnswerTo: ownRequests.keys.min()) }
        guard !buffer.isFull else { return }
        if let offset = nextOfList { requestList(from: offset, live) }
        let isResuming = ownRequests.values.contains { if case .resume = $0 { true } else { false } }
        if !isResuming, let positions = ledger.nextResume() {
            let members = positions.sorted { $0.key < $1.key }
                .map { JSONObject.Member(name: $0.key, value: $0.value.json) }
            request(.resume(positions), "resume", JSONObject(members), live)
        }
    }

    /// For the time when the socket is read on for a call: what waited to be asked then waits for no frame.
    private func askWhenThereIsRoom(_ live: LiveConnection) async {
        for await _ in buffer.roomMade() { askOn(live) }
    }

    private func requestList(from offset: Int64, _ live: LiveConnection) {
        nextOfList = nil
        request(.list(offset: offset), "getOfficialAccountsInfo", SubscribedPage.request(from: offset), live)
    }

    private func request(_ own: OwnRequest, _ method: String, _ params: JSONObject, _ live: LiveConnection) {
        let id = calls.newID()
        ownRequests[id] = own
        live.sendAtOnce(ServerFrame.request(id: id, method, params))
    }
}
