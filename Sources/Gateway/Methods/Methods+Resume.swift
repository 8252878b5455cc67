import Chat
import ChatProtocol
import EventBus

extension Methods {
    /// Answers each channel with what the client is missing there.
    func resume(
        _ parameters: Parameters,
        _ call: Call,
        _ session: Session,
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
        answer.resumed = channels.map { .init(channel: $0, outcome: .failed, catchUp: hold.catchUp) }
        let stored = try await chat { [positions] () throws(ChatError) in
            try await session.hub.shared.turnstile.pass { () throws(ChatError) in
                try await systems.timeline.resume(
                    positions,
                    for: call.caller,
                    of: call.application,
                    at: call.time
                )
            }
        }
        let answers = zip(channels, stored).map { channel, answer in
            answer.adding(unstored(in: hold.channels[channel], session))
        }
        answer.resumed = zip(channels, answers).map { channel, answer in
            let reached = answer.position.map { MethodsAnswer.Resumed.Outcome.reached($0.at, hasMore: answer.hasMore) }
            return .init(channel: channel, outcome: reached ?? .none, catchUp: hold.catchUp)
        }
        return Self.json(zip(channels, answers))
    }

    /// Messages that the storage does not have and that came while the session waited for its answer.
    private func unstored(
        in held: Hold.Channel?,
        _ session: Session
    ) -> [(eventSeq: Int64, notification: ChannelNotification)] {
        guard let held, !held.discards else { return [] }
        return session.hub.shared.rooms.unstored(of: held.reference, after: held.from).compactMap { event in
            event.notification.map { (event.position.eventSeq, $0) }
        }
    }

    private static func json(_ answers: some Sequence<(ChannelID, ResumeAnswer)>) -> [UInt8] {
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
