import Chat
import ChatProtocol
import Instrumentation
import Logging
import NIOCore
import Traces

/// What a request came to.
struct MethodsAnswer: Sendable {
    /// The text of the answer; nil when none was asked for.
    var text: [UInt8]?
    /// How many requests came in the text, beyond the first.
    var further = 0
    /// Channels whose events wait for the answer.
    var resumed: [Resumed] = []

    struct Resumed: Sendable {
        enum Outcome {
            case reached(Reached)
            /// There is no such channel for him.
            case none
            case failed
        }

        struct Reached {
            /// Up to where the client has the channel now.
            let position: ChannelPosition
            /// Up to which number messages that the storage does not have were looked for.
            let unstoredNumber: Int64
            let messages: [Delivery]
            /// Whether the client is to ask for more.
            let hasMore: Bool
        }

        /// What the client said it had.
        let said: Timeline.ClientPosition
        let outcome: Outcome
        /// Which catching up the answer is.
        let catchUp: Int

        var channel: ChannelID { said.channel }
    }
}

/// The methods of subscribers: each decodes its parameters, calls one operation of `Chat` and encodes the outcome.
///
/// Source: design section 4, docs/subscriber-protocol.md.
struct Methods: Sendable {
    enum Name: String, CaseIterable {
        case subscribeOfficialAccount, unsubscribeOfficialAccount
        case getOfficialAccountsInfo, getOfficialAccountList
        case setReceiveMessageOpt
        case getHistoryMessageList, markMessageAsRead, getUnreadMessageCount
        case resume
    }

    /// Requests in one batch.
    static let longestBatch = 20
    /// Bytes of a batch's answer from which on nothing more of the batch is done; one method's answer may come on top.
    static let fullBatch = 1_048_576
    /// Channels in one `resume`.
    static let mostResumed = 100
    /// Channels in one `getOfficialAccountsInfo`.
    static let mostItems = 50
    /// Subscribed channels in a page of `getOfficialAccountsInfo`.
    static let mostOwnItems: Int64 = 200
    /// Channels in a page of `getOfficialAccountList`.
    static let largestPage: Int64 = 100
    /// How far into the list of all channels an `Offset` may go; beyond, pages begin after a channel.
    static let largestOffset: Int64 = 10_000
    static let usualPage: Int64 = 20

    let systems: Systems
    /// Passed by what reads more than a few rows.
    let turnstile: Turnstile
    let metrics: GatewayMetrics
    let logger: Logger

    private var propagator: W3CPropagator { W3CPropagator(random: systems.random.bytes) }

    /// Answers a text: a request, or a batch of them.
    func answer(_ text: ByteBuffer, for session: some Asker) async -> MethodsAnswer {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: text.readableBytesSpan)
        } catch {
            let refusal = JSONRPC.Refusal(
                .parseError,
                "The message is not JSON: \(error.reason) at byte \(error.offset)."
            )
            return MethodsAnswer(text: JSONRPC.answer(to: .null, .failure(refusal)))
        }
        guard case .array(let requests) = value else { return await answer(value, for: session) }
        guard (1...Self.longestBatch).contains(requests.count) else {
            let refusal = JSONRPC.Refusal(.invalidRequest, "A batch holds 1 to \(Self.longestBatch) requests.")
            return MethodsAnswer(text: JSONRPC.answer(to: .null, .failure(refusal)))
        }
        return await answer(batch: requests, for: session)
    }

    private func answer(batch requests: [JSONValue], for session: some Asker) async -> MethodsAnswer {
        var whole = MethodsAnswer()
        whole.further = requests.count - 1
        var text: [UInt8] = []
        for request in requests {
            let hasResumed = !whole.resumed.isEmpty
            let length = text.count
            let answer = await answer(request, for: session) { request throws(JSONRPC.Refusal) in
                guard length < Self.fullBatch else {
                    throw JSONRPC.Refusal(.batchIsFull, "The answer to the batch is full; send this one again.")
                }
                guard !hasResumed || request.method != Name.resume.rawValue else {
                    throw JSONRPC.Refusal(.invalidRequest, "A batch holds at most one resume.")
                }
            }
            if let one = answer.text {
                text.append(UInt8(ascii: text.isEmpty ? "[" : ","))
                text += one
            }
            whole.resumed += answer.resumed
        }
        if !text.isEmpty { whole.text = text + [UInt8(ascii: "]")] }
        return whole
    }

    /// - Parameter check: refuses a request that is not to be done.
    private func answer(
        _ value: JSONValue,
        for session: some Asker,
        checking check: (JSONRPC.Request) throws(JSONRPC.Refusal) -> Void = { _ in }
    ) async -> MethodsAnswer {
        var answer = MethodsAnswer()
        do throws(JSONRPC.Refusal) {
            let request = try JSONRPC.Request(value)
            // Whoever subscribes is not asked for a trace: those of backends are none of his affair.
            let outcome = await ServiceContext.withValue(propagator.beginning()) {
                await run(request, for: session, &answer, checking: check)
            }
            answer.text = request.id.map { JSONRPC.answer(to: $0, outcome) }
        } catch {
            metrics.answered(nil, error.code)
            answer.text = JSONRPC.answer(to: JSONRPC.id(of: value), .failure(error))
        }
        return answer
    }

    private func run(
        _ request: JSONRPC.Request,
        for session: some Asker,
        _ answer: inout MethodsAnswer,
        checking check: (JSONRPC.Request) throws(JSONRPC.Refusal) -> Void
    ) async -> Result<[UInt8], JSONRPC.Refusal> {
        let name = Name(rawValue: request.method)
        do throws(JSONRPC.Refusal) {
            try check(request)
            guard let name else { throw JSONRPC.Refusal(.methodNotFound, "There is no such method.") }
            let call = try await call(for: session)
            let result = try await run(name, try Parameters(request.parameters), call, session, &answer)
            metrics.answered(name, 0)
            return .success(result)
        } catch {
            metrics.answered(name, error.code)
            return .failure(error)
        }
    }

    private func run(
        _ name: Name,
        _ parameters: Parameters,
        _ call: Call,
        _ session: some Asker,
        _ answer: inout MethodsAnswer
    ) async throws(JSONRPC.Refusal) -> [UInt8] {
        switch name {
        case .subscribeOfficialAccount:
            let channel = try parameters.channel()
            return try await chat { () throws(ChatError) in
                try await systems.subscribers.subscribe(to: channel, for: call)
            }.json
        case .unsubscribeOfficialAccount:
            let channel = try parameters.channel()
            try await chat { () throws(ChatError) in
                try await systems.subscribers.unsubscribe(from: channel, for: call)
            }
            return Self.nothing
        case .getOfficialAccountsInfo: return try await info(parameters, call)
        case .getOfficialAccountList: return try await list(parameters, call)
        case .setReceiveMessageOpt:
            let channel = try parameters.channel()
            let word = try parameters.text("MsgFlag")
            guard let flag = MessageFlag(rawValue: word) else {
                let allowed = MessageFlag.allCases.map(\.rawValue).joined(separator: ", ")
                throw JSONRPC.Refusal(ChatError(.parameterInvalid, "MsgFlag must be one of \(allowed)."))
            }
            try await chat { () throws(ChatError) in
                try await systems.subscribers.setMessageFlag(flag, in: channel, for: call)
            }
            return Self.nothing
        case .getHistoryMessageList: return try await history(parameters, call)
        case .markMessageAsRead:
            let channel = try parameters.channel()
            let seq = try parameters.integer("MsgSeq", 0...Int64.max)
            try await chat { () throws(ChatError) in
                try await systems.subscribers.markRead(upTo: seq, in: channel, for: call)
            }
            return Self.nothing
        case .getUnreadMessageCount:
            let channel = try parameters.channel()
            let unread = try await chat { () throws(ChatError) in
                try await systems.subscribers.unread(in: channel, for: call)
            }
            return JSONObject([.init(name: "UnreadMsgNum", value: .integer(unread))]).json
        case .resume: return try await resume(parameters, call, session, &answer)
        }
    }

    static let nothing = Array("{}".utf8)

    private func call(for session: some Asker) async throws(JSONRPC.Refusal) -> Call {
        let application = try await chat { () throws(ChatError) in
            guard let application = try await systems.applications.find(session.account.application),
                application.isEnabled
            else {
                throw ChatError(.applicationDisabled, "The application is disabled.")
            }
            return application
        }
        return Call(
            application: application,
            caller: session.account.user,
            address: session.address,
            platform: session.platform,
            requestID: systems.random.hex(bytes: 16),
            time: systems.clock.now
        )
    }

    /// Runs an operation of the domain that reads much, when it is its turn.
    func inTurn<Value>(
        _ operation: () async throws(ChatError) -> Value
    ) async throws(JSONRPC.Refusal) -> Value {
        try await turnstile.pass { () throws(JSONRPC.Refusal) in try await chat(operation) }
    }

    /// Runs an operation of the domain; what it throws becomes a refusal, and a fault of ours is logged.
    func chat<Value>(
        _ operation: () async throws(ChatError) -> Value
    ) async throws(JSONRPC.Refusal) -> Value {
        do throws(ChatError) {
            return try await operation()
        } catch {
            logger.fault("internal fault", error)
            throw JSONRPC.Refusal(error)
        }
    }
}
