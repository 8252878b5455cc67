import Chat
import ChatProtocol
import EventBus
import Logging

/// Reads from the storage what a room or a session did not hear.
struct EventReader: Sendable {
    enum Reading: Sendable {
        /// What comes after the position, without a gap; a part, when it is much.
        case events([TimelineEvent])
        /// There is no such channel any more.
        case gone
        case failed
    }

    let timeline: Timeline
    let applications: Applications
    let generation: StorageGeneration
    let clock: any WallClock
    let jobs: Jobs
    /// How long an event may be on its way before it counts as not heard.
    let deliveryTime: Duration
    /// A line of its own, so that a storm of logins keeps no room from what it is missing, nor the other way round.
    let turnstile = Turnstile(atOnce: 8)
    let logger: Logger

    /// Looks where channels stand, then calls `done`, with nil when that could not be found out.
    ///
    /// After the end of ``jobs`` it is called at once.
    func heads(
        of references: [ChannelReference],
        done: @escaping @Sendable ([ChannelReference: ChannelPosition]?) -> Void
    ) {
        let isTaken = jobs.add {
            do throws(ChatError) {
                done(
                    try await turnstile.pass { () throws(ChatError) in try await timeline.heads(of: references) }
                )
            } catch {
                logger.fault("cannot read where channels stand", error)
                done(nil)
            }
        }
        if !isTaken { done(nil) }
    }

    /// Reads, then calls `done`.
    ///
    /// - Parameter isWanted: asked when it is the reading's turn; what nobody wants any more has failed.
    /// - Returns: whether it will be done; after the end of ``jobs`` it has failed at once.
    @discardableResult
    func read(
        _ reference: ChannelReference,
        after position: ChannelPosition,
        while isWanted: @escaping @Sendable () -> Bool = { true },
        done: @escaping @Sendable (Reading) -> Void
    ) -> Bool {
        let isTaken = jobs.add {
            do throws(ChatError) {
                guard let application = try await applications.find(reference.application) else { return done(.gone) }
                let reading = try await turnstile.pass { () throws(ChatError) -> Reading in
                    guard isWanted() else { return .failed }
                    let now = clock.now
                    let events = try await timeline.events(in: reference, after: position, of: application, at: now)
                    return events.map(Reading.events) ?? .gone
                }
                // When the gateway stops, what is on its way comes to nobody any more.
                if mayBeHeard(reading, after: position) { try? await Task.sleep(for: deliveryTime) }
                done(reading)
            } catch {
                logger.fault("cannot read a channel's events", error)
                done(.failed)
            }
        }
        if !isTaken { done(.failed) }
        return isTaken
    }
}

extension EventReader {
    /// Whether a message that the storage does not have, an online-only one, may still be on its way.
    ///
    /// It is nowhere but in its event, and whoever goes on with what was read passes over it.
    private func mayBeHeard(_ reading: Reading, after start: ChannelPosition) -> Bool {
        guard case .events(let events) = reading else { return false }
        let since = clock.now.milliseconds - Int64(deliveryTime / .milliseconds(1))
        var messageSeq = start.messageSeq
        for event in events {
            defer { messageSeq = event.position.messageSeq }
            guard event.notification == nil, event.position.messageSeq > messageSeq else { continue }
            if event.committedAt > since { return true }
        }
        return false
    }
}

extension Logger {
    /// Logs a fault of ours; a refusal is the caller's affair.
    func fault(_ message: Logger.Message, _ error: ChatError) {
        guard let cause = error.cause else { return }
        self.error(message, metadata: ["error.cause": .string(String(reflecting: cause))])
    }
}
