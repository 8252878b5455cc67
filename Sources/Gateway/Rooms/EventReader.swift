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
    let turnstile: Turnstile
    let logger: Logger

    /// Reads, then calls `done`.
    func read(
        _ reference: ChannelReference,
        after position: ChannelPosition,
        done: @escaping @Sendable (Reading) -> Void
    ) {
        jobs.add {
            do throws(ChatError) {
                guard let application = try await applications.find(reference.application) else { return done(.gone) }
                let events = try await turnstile.pass { () throws(ChatError) in
                    try await timeline.events(in: reference, after: position, of: application, at: clock.now)
                }
                done(events.map(Reading.events) ?? .gone)
            } catch {
                logger.fault("cannot read a channel's events", error)
                done(.failed)
            }
        }
    }
}

extension Logger {
    /// Logs a fault of ours; a refusal is the caller's affair.
    func fault(_ message: Logger.Message, _ error: ChatError) {
        guard let cause = error.cause else { return }
        self.error(message, metadata: ["error.cause": .string(String(reflecting: cause))])
    }
}
