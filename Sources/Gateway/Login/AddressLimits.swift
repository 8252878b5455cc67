import Addresses
package import NIOCore
import Synchronization

/// How many sessions an address may have, and how many it may open in a second.
package final class AddressLimits: Sendable {
    /// The limits; 0 = no limit.
    package struct Settings: Sendable {
        package static let `default` = Settings(sessions: 2000, loginsPerSecond: 200)

        package var sessions: Int
        /// After a burst of as many.
        package var loginsPerSecond: Int

        package init(sessions: Int, loginsPerSecond: Int) {
            (self.sessions, self.loginsPerSecond) = (sessions, loginsPerSecond)
        }
    }

    private struct Usage {
        var open = 0
        var allowance: Double
        var at: NIODeadline
    }

    /// Addresses that are remembered although they have no session.
    private static let mostIdle = 10_000

    private struct State {
        var usage: [[UInt8]: Usage] = [:]
        /// With how many addresses those without a session are forgotten next.
        var limit = AddressLimits.mostIdle
    }

    private let settings: Settings
    private let state = Mutex(State())

    package init(_ settings: Settings) {
        self.settings = settings
    }

    /// Counts a session in, unless the address has or opens too many.
    package func admit(_ address: String, at now: NIODeadline = .now()) -> Bool {
        let rate = Double(settings.loginsPerSecond)
        let key = Self.key(address)
        return state.withLock { state in
            if state.usage.count > state.limit { Self.forgetIdle(&state, at: now) }
            var own = state.usage[key] ?? Usage(allowance: rate, at: now)
            own.allowance = min(rate, own.allowance + Double((now - own.at).nanoseconds) / 1e9 * rate)
            own.at = now
            defer { state.usage[key] = own }
            guard rate == 0 || own.allowance >= 1, settings.sessions == 0 || own.open < settings.sessions else {
                return false
            }
            own.allowance -= 1
            own.open += 1
            return true
        }
    }

    /// Counts a session out.
    package func release(_ address: String) {
        let key = Self.key(address)
        state.withLock { state in
            guard var own = state.usage[key] else { return }
            own.open = max(0, own.open - 1)
            state.usage[key] = own
        }
    }

    /// How many sessions there are of all addresses together.
    var openSessions: Int { state.withLock { $0.usage.values.reduce(0) { $0 + $1.open } } }

    /// How many sessions the address has that has most, and how many it may have; 0 = no limit.
    var fullest: (sessions: Int, limit: Int) {
        (state.withLock { $0.usage.values.reduce(0) { max($0, $1.open) } }, settings.sessions)
    }

    /// An IPv6 host has a whole /64 for itself.
    private static func key(_ address: String) -> [UInt8] {
        guard let bytes = AddressRange.bytes(address) else { return [] }
        return bytes.count == 4 ? bytes : Array(bytes.prefix(8))
    }

    /// Not again before there are twice as many, or each login would look through all that are there.
    private static func forgetIdle(_ state: inout State, at now: NIODeadline) {
        state.usage = state.usage.filter { $0.value.open > 0 || now - $0.value.at < .seconds(1) }
        state.limit = max(mostIdle, 2 * state.usage.count)
    }
}
