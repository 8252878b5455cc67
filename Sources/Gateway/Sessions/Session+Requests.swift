import NIOCore
import WebSockets

/// How a session's requests are answered: one after the other, and no faster than they may be.
extension Session {
    /// How many requests a client may make.
    static let mostRequests = Allowance.Rule(burst: 200, perSecond: 50)
    /// What an answer costs: one for each so many bytes beyond as many.
    static let answerPart = 16_384
    /// How much the answers may cost; whoever asked for more waits, for he could not know.
    static let mostAnswers = Allowance.Rule(burst: 200, perSecond: 50)

    func received(text: ByteBuffer) {
        guard case .open(let connection) = state, connection.isOpen else { return }
        guard allowance.take(1, at: .now()) else { return end(.floods) }
        requests.append(text)
        if !isAnswering { answerNext(connection) }
    }

    func received(binary: ByteBuffer) {
        end(.binary)
    }

    /// One request at a time; nothing more is read meanwhile, so a client cannot fill the memory with them.
    private func answerNext(_ connection: WebSocketConnection) {
        guard connection.isOpen else { return requests.removeAll() }
        guard !requests.isEmpty else {
            if isAnswering { connection.resumeReading() }
            isAnswering = false
            return
        }
        let request = requests.removeFirst()
        if !isAnswering { connection.suspendReading() }
        isAnswering = true
        let isTaken = shared.jobs.add { [self] in
            let answer = await shared.methods.answer(request, for: self)
            hub.eventLoop.execute { self.finish(answer) }
        }
        if !isTaken { end(.goingAway) }
    }

    private func finish(_ answer: MethodsAnswer) {
        guard case .open(let connection) = state else { return }
        // Nobody can tell of which history the answer is: its positions may mean something else where the session resumes.
        guard shared.rooms.isNow(term) else { return end(.storageChanged) }
        let sent = answer.text.map { connection.sendAlways(WebSocketFrames.text($0)) } ?? .refused
        guard allowance.take(answer.further, at: .now()) else { return end(.floods) }
        if !answer.resumed.isEmpty { resume(answer.resumed, sent) }
        answerAllowance.take(max(0, (answer.text?.count ?? 0) - 1) / Self.answerPart, at: .now())
        goOnAnswering()
    }

    /// Answers the next request when the answers before it are read and were not too large.
    func goOnAnswering() {
        guard case .open(let connection) = state else { return }
        // An answer may be large: whoever asks and does not read is not asked what else he wants; see eased().
        guard connection.waitingBytes <= WebSocketConnection.mostWaiting else {
            awaitsReader = true
            return
        }
        let delay = answerAllowance.delay(at: .now())
        guard delay > .zero else { return answerNext(connection) }
        hub.eventLoop.scheduleTask(in: delay) { [self] in goOnAnswering() }
    }
}
