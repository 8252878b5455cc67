package import Chat
import ChatProtocol
package import Database
package import EventBus
import Hummingbird
package import Logging
import NIOCore
import Synchronization

/// Whether the process lives, and whether it can do its work.
package final class Health: Sendable {
    /// How long a finding holds, in milliseconds: a check is a durable write, and anyone may ask.
    private static let lifetime: Int64 = 1000
    /// How long ``wasReady`` goes by a finding, in milliseconds.
    private static let longestBelief: Int64 = 30_000

    private let database: any Database
    private let probe: ReadinessProbe
    private let clock: any WallClock
    private let logger: Logger
    private let bus: (@Sendable () -> BusStatus)?
    /// The members of an answer that say what this node runs.
    private let roles: String
    private let state = Mutex(State())

    private struct State {
        /// What the last check found, and when it ended.
        var finding: (isReady: Bool, at: Timestamp)?
        var isChecking = false
        var hasSwept = false
        /// Who wait for the check that runs.
        var waiting: [CheckedContinuation<Bool, Never>] = []
    }

    private enum Turn {
        case known(Bool), check, wait
    }

    package init(
        database: any Database,
        clock: any WallClock,
        probe: ReadinessProbe,
        roles: Set<Role> = Set(Role.allCases),
        bus: (@Sendable () -> BusStatus)? = nil,
        logger: Logger
    ) {
        (self.database, self.clock, self.bus, self.logger) = (database, clock, bus, logger)
        self.probe = probe
        let names = Role.allCases.filter(roles.contains).map { "\"\($0.rawValue)\"" }
        self.roles = #""roles":[\#(names.joined(separator: ","))]"#
    }

    /// The process answers: what a supervisor asks before it restarts it.
    static let alive = response(.ok, #"{"status":"alive"}"#)

    /// The storage takes a durable write: what a load balancer asks before it sends callers.
    ///
    /// - Parameter namesDamage: whether who asks may know which file or host is damaged.
    func ready(namesDamage: Bool = false) async -> Response {
        let report = await report(namesDamage: namesDamage)
        return Self.response(report.isReady ? .ok : .serviceUnavailable, report.text)
    }

    func report(namesDamage: Bool) async -> (isReady: Bool, text: String) {
        let isReady = await isReady()
        let status = isReady ? "ready" : "unavailable"
        guard let damage = database.damage.found else {
            return (isReady, #"{"status":"\#(status)","storage":"\#(isReady ? "" : "not ")writable",\#(parts)}"#)
        }
        let name = namesDamage ? #""damage":\#(Self.quoted(damage.message)),"# : ""
        return (isReady, #"{"status":"\#(status)","storage":"damaged",\#(name)\#(parts)}"#)
    }

    private static func quoted(_ text: String) -> String {
        var bytes: [UInt8] = []
        JSONValue.string(text).write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The roles, and how the bus is, if there is one.
    ///
    /// Without it the node goes on, only slower: it is ready.
    private var parts: String {
        guard let bus else { return roles }
        return #"\#(roles),"bus":"\#(bus().isConnected ? "connected" : "away")""#
    }

    /// Whether the storage took a durable write just now, or in the second before.
    ///
    /// Where an engine goes on to write although it has shown damage, what does not meet it is as durable as ever.
    ///
    /// Callers who come while a check runs wait for it: however many ask, one write is made.
    package func isReady() async -> Bool {
        guard !database.damage.hasEndedWriting else { return false }
        switch turn() {
        case .known(let isReady): return isReady
        case .check: return await check()
        case .wait: return await runningCheck()
        }
    }

    /// What was found last; false when nothing was found for long, as when a check does not come to its end.
    package var wasReady: Bool {
        guard !database.damage.hasEndedWriting else { return false }
        let now = clock.now
        return state.withLock { state in
            guard let finding = state.finding, finding.isReady else { return false }
            return (0..<Self.longestBelief).contains(now.milliseconds(since: finding.at))
        }
    }

    private func turn() -> Turn {
        let now = clock.now
        return state.withLock { state in
            if let finding = state.finding, (0..<Self.lifetime).contains(now.milliseconds(since: finding.at)) {
                return .known(finding.isReady)
            }
            guard !state.isChecking else { return .wait }
            state.isChecking = true
            return .check
        }
    }

    private func check() async -> Bool {
        let isReady = await canWrite()
        // A check that took long is no older for it.
        let now = clock.now
        let waiting = state.withLock { state in
            defer { (state.finding, state.isChecking, state.waiting) = ((isReady, now), false, []) }
            return state.waiting
        }
        for caller in waiting { caller.resume(returning: isReady) }
        return isReady
    }

    private func runningCheck() async -> Bool {
        await withCheckedContinuation { caller in
            let ended: Bool? = state.withLock { state in
                guard state.isChecking else { return state.finding?.isReady ?? false }
                state.waiting.append(caller)
                return nil
            }
            if let ended { caller.resume(returning: ended) }
        }
    }

    private func canWrite() async -> Bool {
        let (moment, sweeps) = (clock.now, state.withLock { !$0.hasSwept })
        do throws(ChatError) {
            try await database.write(of: .unordered) { [probe] tx throws(ChatError) in
                if sweeps { try ReadinessProbe.sweep(at: moment, in: tx) }
                try probe.write(at: moment, in: tx)
            }
            state.withLock { $0.hasSwept = true }
            return true
        } catch {
            let cause = error.cause.map(String.init(reflecting:)) ?? "-"
            logger.error("not ready", metadata: ["error.cause": .string(cause)])
            return false
        }
    }

    private static func response(_ status: HTTPResponse.Status, _ body: String) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: body))
        )
    }
}
