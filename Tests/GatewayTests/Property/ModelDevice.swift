import ChatProtocol
import RostrumTesting
import Synchronization

/// A device that does what docs/subscriber-protocol.md asks of a client, no more, and watches what the server sends.
///
/// It keeps its conversations when it loses its connection, as a device does that has a store.
final class ModelDevice: Sendable {
    struct State {
        var conversations: [String: Conversation] = [:]
        /// Counts, for each channel, what made an answer void that was asked for before.
        var changes: [String: Int] = [:]
        var client: LiveClient?
        /// Counts connections, so that what belongs to an earlier one is ignored.
        var connection = 0
        /// What to do with the answers to requests.
        var answers: [Int64: @Sendable (inout State, Result<JSONValue, LiveClient.Refused>) -> Void] = [:]
        /// Whether the device has found out which channels it follows.
        var isSynced = false
        /// What came before it had, by channel.
        var early: [String: [LiveClient.Notification]] = [:]
        var lagged: Set<String> = []
        /// Channels, with their epochs, that `resume` said are not followed, before a notification did.
        var dropped: Set<String> = []
        var watch = WireWatch()
        var lags = 0
        /// To which node it is connected, when last.
        var node: ObjectIdentifier?
        var isReading = true
        /// Counts whatever keeps it from reading.
        var disturbances = 0
        var resumes = 0
        /// How much has come, on all its connections.
        var arrivals = 0
        /// What happened last, for whoever reads a failure.
        var trace = Trace()
    }

    let user: String
    let name: String
    /// Whether its node may learn late that a channel is no longer followed, and bring what comes in it until then.
    let hearsStrays: Bool
    let state = Mutex(State())

    init(user: String, name: String, hearsStrays: Bool) {
        (self.user, self.name, self.hearsStrays) = (user, name, hearsStrays)
    }

    // MARK: - The connection

    var isConnected: Bool { state.withLock { $0.client.map { $0.ending == nil } ?? false } }
    var client: LiveClient? { state.withLock { $0.client } }

    /// Logs in and finds out what was missed.
    func connect(to node: LiveNode) async throws {
        let connection = state.withLock { state in
            state.connection += 1
            state.trace.note("connects")
            (state.client, state.node, state.isReading) = (nil, ObjectIdentifier(node), true)
            state.answers = [:]
            (state.isSynced, state.early, state.lagged, state.dropped) = (false, [:], [], [])
            // A history that was not read to its end has holes that no resume fills.
            state.conversations = state.conversations.filter { $0.value.readings == 0 }
            for channel in state.conversations.keys { state.conversations[channel]?.disconnect() }
            state.watch.begin()
            return state.connection
        }
        var manners = LiveClient.Manners()
        manners.receiveBuffer = 4096
        let client = try await node.login(user, platform: "Web", manners) { [weak self] arrival in
            self?.state.withLock { state in
                guard state.connection == connection else { return }
                self?.take(arrival, &state)
            }
        }
        state.withLock { state in
            state.client = client
            sync(&state)
        }
    }

    /// Reads nothing for a time.
    func pause(for time: Duration) async throws {
        let client = disturb(isReading: false)
        client?.stopReading()
        try await Task.sleep(for: time)
        client?.resumeReading()
        disturb(isReading: true)
    }

    /// Notes that it may not get everything at once; to be called first.
    @discardableResult
    func disturb(isReading: Bool) -> LiveClient? {
        state.withLock { state in
            state.disturbances += 1
            state.isReading = isReading
            return state.client
        }
    }

    private func take(_ arrival: LiveClient.Arrival, _ state: inout State) {
        state.arrivals += 1
        state.trace.note(arrival.summary)
        switch arrival {
        case .notification(let notification): take(notification, &state)
        case .answer(let id, let outcome): state.answers.removeValue(forKey: id)?(&state, outcome)
        case .other(let value): state.watch.complain("an answer to nothing: \(value.canonicalText)")
        case .ended(let ending):
            // 1001 from a node that stops; without a code when either side cut the connection.
            if let code = ending.code, code != 1001, code != 1000 {
                state.watch.complain("ended with \(code) \(ending.reason)")
            }
        }
    }

    private func ask(
        _ method: String,
        _ parameters: JSONObject,
        _ state: inout State,
        then take: @escaping @Sendable (inout State, Result<JSONValue, LiveClient.Refused>) -> Void
    ) {
        guard let client = state.client else { return }
        let id = client.send(method, parameters)
        state.trace.note("asks \(id) \(method) \(JSONValue.object(parameters).canonicalText)")
        state.answers[id] = take
    }

    // MARK: - Following

    /// Asks which channels there are: those that it knows are resumed, others are begun with their history.
    private func sync(_ state: inout State) {
        let changes = state.changes
        ask("getOfficialAccountsInfo", ["OfficialAccountIdList": .array([])], &state) { [self] state, outcome in
            guard case .success(let result) = outcome else {
                return state.watch.complain("getOfficialAccountsInfo: \(outcome)")
            }
            let items = (result["OfficialAccountInfoList"]?.items ?? []).compactMap(\.object)
            let isAsBefore = { (channel: String, state: State) in state.changes[channel] == changes[channel] }
            for channel in state.conversations.keys where isAsBefore(channel, state) {
                if !items.contains(where: { $0.channel == channel }) { state.conversations[channel] = nil }
            }
            for item in items {
                guard let channel = item.channel, isAsBefore(channel, state) else { continue }
                if state.conversations[channel]?.epoch != item["Epoch"]?.text { begin(channel, item, &state) }
            }
            state.isSynced = true
            state.early = [:]
            resume(state.conversations.filter { $0.value.isBehind }.map(\.key), &state)
        }
    }

    /// A channel that the device has nothing of.
    private func begin(_ channel: String, _ item: JSONObject, _ state: inout State) {
        guard var conversation = Conversation(item: item) else {
            return state.watch.complain("not a channel item: \(JSONValue.object(item).canonicalText)")
        }
        for notification in state.early[channel] ?? []
        where notification.parameters["Epoch"]?.text == conversation.epoch { conversation.take(notification) }
        conversation.isBehind = state.lagged.contains(channel)
        state.conversations[channel] = conversation
        readHistory(channel, before: nil, &state)
    }

    private func take(_ notification: LiveClient.Notification, _ state: inout State) {
        state.watch.see(notification)
        let parameters = notification.parameters
        if notification.method == "onLagging" { return lag(parameters, &state) }
        guard let channel = parameters.channel else { return state.watch.complain("\(notification)") }
        switch notification.method {
        case "onOfficialAccountSubscribed":
            state.changes[channel, default: 0] += 1
            state.conversations[channel] = Conversation(item: parameters)
        case "onOfficialAccountUnsubscribed":
            state.changes[channel, default: 0] += 1
            state.conversations[channel] = nil
        case "onOfficialAccountDeleted":
            guard state.conversations[channel]?.epoch == parameters["Epoch"]?.text else { return }
            state.changes[channel, default: 0] += 1
            state.conversations[channel] = nil
        default:
            if state.conversations[channel]?.epoch == parameters["Epoch"]?.text {
                state.conversations[channel]?.take(notification)
            } else if !state.isSynced {
                state.early[channel, default: []].append(notification)
            } else if !hearsStrays, !state.dropped.contains("\(channel) \(parameters["Epoch"]?.text ?? "")") {
                state.watch.complain("\(notification.method) of a channel that is not followed: \(parameters)")
            }
        }
    }

    // MARK: - Catching up

    private func lag(_ positions: JSONObject, _ state: inout State) {
        state.lags += 1
        for member in positions.members {
            if !state.isSynced { state.lagged.insert(member.name) }
            guard let conversation = state.conversations[member.name],
                conversation.epoch == member.value["Epoch"]?.text
            else { continue }
            state.conversations[member.name]?.isBehind = true
            // Until then it is resumed with the others.
            guard state.isSynced else { continue }
            if conversation.isAsking {
                state.conversations[member.name]?.asksAgain = true
            } else {
                resume([member.name], &state)
            }
        }
    }

    private func resume(_ channels: [String], _ state: inout State) {
        guard !channels.isEmpty else { return }
        var members: [JSONObject.Member] = []
        for channel in channels {
            guard let conversation = state.conversations[channel] else { continue }
            state.conversations[channel]?.isAsking = true
            state.conversations[channel]?.asksAgain = false
            let position: JSONObject = [
                "Epoch": .string(conversation.epoch),
                "MsgSeq": .integer(conversation.position.messageSeq),
                "EventSeq": .integer(conversation.position.eventSeq),
            ]
            members.append(.init(name: channel, value: .object(position)))
        }
        state.resumes += 1
        let (changes, asked) = (state.changes, JSONObject(members))
        ask("resume", asked, &state) { [self] state, outcome in
            guard case .success(let result) = outcome else { return state.watch.complain("resume: \(outcome)") }
            for member in asked.members where state.changes[member.name] == changes[member.name] {
                guard let answer = result[member.name]?.object else {
                    state.watch.complain("resume says nothing of \(member.name)")
                    continue
                }
                take(answer, of: member.name, asked: member.value, &state)
            }
        }
    }

    private func take(_ answer: JSONObject, of channel: String, asked: JSONValue, _ state: inout State) {
        guard let conversation = state.conversations[channel] else { return }
        state.conversations[channel]?.isAsking = false
        guard let epoch = answer["Epoch"]?.text, let messageSeq = answer.number("MsgSeq"),
            let eventSeq = answer.number("EventSeq")
        else {
            // Not followed any more; what is on its way may still come.
            state.dropped.insert("\(channel) \(conversation.epoch)")
            state.changes[channel, default: 0] += 1
            state.conversations[channel] = nil
            return
        }
        state.watch.see(answer, of: channel, asked: asked)
        let position = ChannelPosition(messageSeq: messageSeq, eventSeq: eventSeq)
        if answer["reload"] == .bool(true) {
            state.conversations[channel] = conversation.restarted(epoch: epoch, at: position)
            readHistory(channel, before: nil, &state)
            readProfile(channel, &state)
        } else {
            state.conversations[channel]?.takeMissing(answer, upTo: position)
        }
        if answer["more"] == .bool(true) || conversation.asksAgain {
            resume([channel], &state)
        } else {
            state.conversations[channel]?.catchUp()
        }
    }

    private func readHistory(_ channel: String, before key: String?, _ state: inout State) {
        var parameters: JSONObject = ["Official_Account": .string(channel), "ReqMsgNumber": .integer(20)]
        if let key { parameters = parameters.setting("LastMsgKey", to: .string(key)) }
        state.conversations[channel]?.readings += 1
        let changes = state.changes[channel]
        ask("getHistoryMessageList", parameters, &state) { [self] state, outcome in
            guard state.changes[channel] == changes else { return }
            state.conversations[channel]?.readings -= 1
            // Refused when the channel goes, or the user leaves it, which is told as well.
            guard case .success(let page) = outcome, let messages = page["RspMsgList"]?.items else { return }
            state.conversations[channel]?.takeHistory(messages)
            if messages.count == 20, let oldest = messages.first?["MsgKey"]?.text {
                readHistory(channel, before: oldest, &state)
            }
        }
    }

    private func readProfile(_ channel: String, _ state: inout State) {
        let parameters: JSONObject = [
            "OfficialAccountIdList": .array([.object(["Official_Account": .string(channel)])])
        ]
        state.conversations[channel]?.readings += 1
        let changes = state.changes[channel]
        ask("getOfficialAccountsInfo", parameters, &state) { state, outcome in
            guard state.changes[channel] == changes else { return }
            state.conversations[channel]?.readings -= 1
            guard case .success(let result) = outcome, let item = result["OfficialAccountInfoList"]?[0]?.object else {
                return
            }
            state.conversations[channel]?.learn(item, of: item.number("HeadEventSeq") ?? 0)
        }
    }
}
