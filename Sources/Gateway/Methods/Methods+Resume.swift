import Chat
import ChatProtocol
import EventBus

extension Methods {
    /// Answers each channel with what the client is missing there.
    func resume(
        _ parameters: Parameters,
        _ call: Call,
        _ session: some Asker,
        _ answer: inout MethodsAnswer
    ) async throws(JSONRPC.Refusal) -> [UInt8] {
        let members = parameters.object.members
        guard members.count <= Self.mostResumed else {
            throw JSONRPC.Refusal(.invalidParams, "resume takes at most \(Self.mostResumed) channels at once.")
        }
        guard !members.isEmpty else { return Self.nothing }
        var positions: [Timeline.ClientPosition] = []
        for member in members {
            guard case .object(let position) = member.value else {
                throw Parameters.wrong(member.name, member.value, "an object with Epoch and MsgSeq")
            }
            let given = Parameters(object: position)
            positions.append(
                Timeline.ClientPosition(
                    channel: try Parameters.channel(.string(member.name), "a channel"),
                    epoch: try given.text("Epoch"),
                    messageSeq: try given.integer("MsgSeq", 0...Int64.max),
                    eventSeq: try given.optionalInteger("EventSeq", 0...Int64.max)
                )
            )
        }
        let channels = positions.map(\.channel)
        // Held before the reading, so that what is committed after it comes after the answer.
        let hold = await session.hold(channels)
        answer.resumed = positions.map { .init(said: $0, outcome: .failed, catchUp: hold.catchUp) }
        let stored = try await inTurn { [positions] () throws(ChatError) in
            try await systems.timeline.resume(positions, for: call.caller, of: call.application, at: call.time)
        }
        var answers: [(ChannelID, ResumeAnswer)] = []
        answer.resumed = []
        for (position, stored) in zip(positions, stored) {
            let held = hold.channels[position.channel]
            let unstored = unstored(in: held, beyond: position.eventSeq ?? 0, session)
            let whole = stored.adding(unstored.messages)
            answers.append((position.channel, whole))
            let outcome = Self.outcome(whole, held, unstored.upTo)
            answer.resumed.append(.init(said: position, outcome: outcome, catchUp: hold.catchUp))
        }
        return Self.json(answers)
    }

    private static func outcome(
        _ answer: ResumeAnswer,
        _ held: Hold.Channel?,
        _ unstoredNumber: Int64
    ) -> MethodsAnswer.Resumed.Outcome {
        guard let position = answer.position?.at else { return .none }
        let messages = held.map { held in
            answer.messages.map { Delivery(of: $0, in: held.reference) }
        }
        return .reached(
            .init(
                position: position,
                unstoredNumber: min(unstoredNumber, position.eventSeq),
                messages: messages ?? [],
                hasMore: answer.hasMore
            )
        )
    }

    /// Messages that the storage does not have and that came while the session waited for its answer.
    ///
    /// - Parameter number: that the client says he has.
    private func unstored(
        in held: Hold.Channel?,
        beyond number: Int64,
        _ session: some Asker
    ) -> (messages: [ResumeAnswer.Message], upTo: Int64) {
        guard let held else { return ([], 0) }
        let floor = max(held.unstoredFloor, number)
        let (events, upTo) = session.unstored(of: held.reference, after: floor)
        guard !held.discards else { return ([], upTo) }
        let messages = events.compactMap { event in
            event.notification.map {
                ResumeAnswer.Message(parameters: $0.parameters, position: event.position, sentAt: event.committedAt)
            }
        }
        return (messages, upTo)
    }

    private static func json(_ answers: [(ChannelID, ResumeAnswer)]) -> [UInt8] {
        var result: [UInt8] = []
        for (channel, answer) in answers {
            result.append(UInt8(ascii: result.isEmpty ? "{" : ","))
            JSONValue.string(channel.rawValue).write(to: &result)
            result.append(UInt8(ascii: ":"))
            answer.write(to: &result)
        }
        result.append(UInt8(ascii: "}"))
        return result
    }
}
