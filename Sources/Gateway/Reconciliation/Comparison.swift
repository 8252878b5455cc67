import Chat
import ChatProtocol
import EventBus
import Logging

/// Compares what this node heard with the storage: how far its channels have come, and which of its sessions their
/// applications still let in.
struct Comparison: Sendable {
    private let shared: GatewayShared
    private let systems: Systems
    private let deliveryTime: Duration
    private let logger: Logger

    /// - Parameter deliveryTime: how long an event may be on its way before it counts as not heard.
    init(_ shared: GatewayShared, _ systems: Systems, deliveryTime: Duration, logger: Logger) {
        (self.shared, self.systems) = (shared, systems)
        (self.deliveryTime, self.logger) = (deliveryTime, logger)
    }

    /// Makes good what was not heard.
    ///
    /// What was just committed may be on its way, so a second look follows, at what was missing. An online-only message
    /// is nowhere but in the event, and a reading would pass over it.
    func perform() async {
        for (application, sessions) in shared.sessions.byApplication { await look(at: application, sessions) }
        let (references, term) = shared.rooms.followed
        guard !references.isEmpty else { return }
        do throws(ChatError) {
            let heads = try await systems.timeline.heads(of: references)
            let missing = shared.rooms.compare(references, with: heads, in: term)
            guard !missing.isEmpty else { return }
            // A gateway that stops brings nobody anything any more.
            _ = shared.jobs.add {
                guard (try? await Task.sleep(for: self.deliveryTime)) != nil else { return }
                self.shared.rooms.makeGood(missing, in: term)
            }
        } catch {
            logger.fault("cannot compare the rooms with the storage", error)
        }
    }

    /// Ends the sessions that the application no longer lets in.
    func look(at id: SDKAppID, _ sessions: [Session]) async {
        do throws(ChatError) {
            guard let application = try await systems.applications.find(id), application.isEnabled else {
                return shared.end(sessions, .applicationDisabled)
            }
            let keys = application.keys.map(\.text)
            shared.end(sessions.filter { !keys.contains($0.token.key) }, .userSigExpired)
        } catch {
            logger.fault("cannot look at an application", error)
        }
    }
}
