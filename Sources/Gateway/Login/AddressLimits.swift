import Addresses
import NIOCore
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

    private let settings: Settings
    private let usage = Mutex<[[UInt8]: Usage]>([:])

    init(_ settings: Settings) {
        self.settings = settings
    }

    /// Counts a session in, unless the address has or opens too many.
    func admit(_ address: String, at now: NIODeadline = .now()) -> Bool {
        let rate = Double(settings.loginsPerSecond)
        return usage.withLock { usage in
            if usage.count > Self.mostIdle { Self.forgetIdle(&usage, rate: rate, at: now) }
            var own = usage[Self.key(address)] ?? Usage(allowance: rate, at: now)
            own.allowance = min(rate, own.allowance + Double((now - own.at).nanoseconds) / 1e9 * rate)
            own.at = now
            defer { usage[Self.key(address)] = own }
            guard rate == 0 || own.allowance >= 1, settings.sessions == 0 || own.open < settings.sessions else {
                return false
            }
            own.allowance -= 1
            own.open += 1
            return true
        }
    }

    /// Counts a session out.
    func release(_ address: String) {
        usage.withLock { usage in
            guard var own = usage[Self.key(address)] else { return }
            own.open = max(0, own.open - 1)
            usage[Self.key(address)] = own
        }
    }

    /// An IPv6 host has a whole /64 for itself.
    private static func key(_ address: String) -> [UInt8] {
        guard let bytes = AddressRange.bytes(address) else { return [] }
        return bytes.count == 4 ? bytes : Array(bytes.prefix(8))
    }

    private static func forgetIdle(_ usage: inout [[UInt8]: Usage], rate: Double, at now: NIODeadline) {
        usage = usage.filter { $0.value.open > 0 || now - $0.value.at < .seconds(1) }
    }
}
