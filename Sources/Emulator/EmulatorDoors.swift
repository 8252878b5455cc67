import AdminAPI
package import Chat
import ChatProtocol
import FoundationEssentials

/// The emulator's own doors: clock, faults, request log, state and reset under `/dev/`, and the demo page's settings.
///
/// Only for programs on the same machine: a caller from elsewhere, a `Host` that is no loopback name, and an `Origin`
/// that is not this server are refused, so that no web page can reach them.
///
/// Source: design section 8.
package struct EmulatorDoors: Sendable {
    /// Who stands before a door.
    package struct Caller: Sendable {
        package let address: String
        package let host: String?
        package let origin: String?
        /// Whether a proxy sent the request on for somebody else.
        package let isForwarded: Bool

        package init(address: String, host: String?, origin: String?, isForwarded: Bool) {
            (self.address, self.host, self.origin, self.isForwarded) = (address, host, origin, isForwarded)
        }

        /// Whether it is a program on this machine, and no web page.
        package var isLocal: Bool {
            guard !isForwarded, Loopback.isAddress(address), let host, Loopback.isHost(host) else { return false }
            guard let origin else { return true }
            return origin == "http://\(host)" || origin == "https://\(host)"
        }
    }

    /// A request to a door, as far as a door looks at it.
    package struct Request: Sendable {
        package let method: String
        package let path: Substring
        package let caller: Caller
        package let body: [UInt8]

        package init(
            method: String,
            path: Substring,
            host: String?,
            origin: String?,
            isForwarded: Bool = false,
            address: String,
            body: [UInt8]
        ) {
            (self.method, self.path, self.body) = (method, path, body)
            caller = Caller(address: address, host: host, origin: origin, isForwarded: isForwarded)
        }
    }

    /// The HTTP status and a JSON object.
    package struct Answer: Sendable {
        package let status: Int
        package let body: [UInt8]
    }

    /// The one door that is not under `/dev/`: what the demo page signs with.
    package static let demoSettings = "/demo/settings.json"

    private let emulation: Emulation
    private let clock: EmulatorClock
    private let faults: Faults
    private let log: RequestLog
    private let channels: OfficialChannels
    private let commandNames: Set<String>

    package init(
        emulation: Emulation,
        clock: EmulatorClock,
        faults: Faults,
        log: RequestLog,
        channels: OfficialChannels,
        commandNames: Set<String>
    ) {
        (self.emulation, self.clock, self.faults) = (emulation, clock, faults)
        (self.log, self.channels, self.commandNames) = (log, channels, commandNames)
    }

    package func answer(_ request: Request) async -> Answer {
        guard request.caller.isLocal else { return .notLocal }
        do throws(ChatError) {
            switch (request.method, request.path) {
            case ("POST", "/dev/clock"): return try await advanceClock(request.body)
            case ("GET", "/dev/clock"): return .ok(ClockView(clock))
            case ("POST", "/dev/faults"): return addFault(request.body)
            case ("GET", "/dev/faults"): return .ok(["faults": faults.all.map(FaultView.init)])
            case ("GET", "/dev/requests"): return .ok(["requests": log.entries.map(RequestView.init)])
            case ("GET", "/dev/state"): return try await state()
            case ("POST", "/dev/reset"): return try await reset()
            case ("GET", Self.demoSettings[...]): return try await demo()
            case (_, "/dev/echo"): return .refusal(426, "The echo takes an upgrade to WebSocket.")
            default:
                return .refusal(
                    404,
                    """
                    The doors are POST /dev/clock, /dev/faults, /dev/reset, GET /dev/requests, /dev/state, \
                    and the WebSocket /dev/echo.
                    """
                )
            }
        } catch {
            return .refusal(error.isInternalFault ? 500 : 404, error.info)
        }
    }

    private func advanceClock(_ body: [UInt8]) async throws(ChatError) -> Answer {
        guard let object = Self.object(body), case .number(let number) = object["advance"],
            let seconds = number.int64, try await clock.advance(bySeconds: seconds) != nil
        else {
            return .refusal(
                400,
                "Send {\"advance\": SECONDS}: \(EmulatorClock.rule)."
            )
        }
        return .ok(ClockView(clock))
    }

    private func addFault(_ body: [UInt8]) -> Answer {
        guard let object = Self.object(body), case .string(let path) = object["command"] else {
            return .refusal(400, "Send {\"command\": NAME, \"code\": CODE, \"times\": N, \"delayMs\": N}.")
        }
        let code: Int64?
        switch object["code"] {
        case nil: code = nil
        // What is no whole number is no code either.
        case .number(let number): code = number.int64 ?? -1
        default: return .refusal(400, "code must be a number.")
        }
        do throws(ChatError) {
            let fault = try faults.add(
                path,
                code: code,
                times: Self.integer(object["times"], default: 1),
                delayMilliseconds: Self.integer(object["delayMs"], default: 0),
                among: commandNames
            )
            return .ok(FaultView(fault))
        } catch {
            return .refusal(400, error.info)
        }
    }

    private func state() async throws(ChatError) -> Answer {
        guard let application = try await emulation.applications.find(emulation.application) else {
            return .refusal(404, "The ready application was deleted; start the emulator again.")
        }
        let usage = try await emulation.applications.usage(of: application.id)
        return .ok(
            StateView(
                clock: ClockView(clock),
                application: ApplicationView(application),
                counts: StateView.Counts(channels: usage.channels, accounts: usage.accounts),
                channels: try await channels.page(of: application.id, after: "", limit: StateView.longestList)
                    .map(StateView.Channel.init),
                accounts: try await emulation.accounts.page(of: application.id, after: "", limit: StateView.longestList)
                    .map(\.id.rawValue),
                faults: faults.all.map(FaultView.init)
            )
        )
    }

    private func demo() async throws(ChatError) -> Answer {
        guard let application = try await emulation.applications.find(emulation.application),
            let key = application.keys.first
        else { return .refusal(404, "The ready application was deleted; start the emulator again.") }
        return .ok(DemoView(sdkAppID: application.id.rawValue, key: key.text, now: clock.now.seconds))
    }

    private func reset() async throws(ChatError) -> Answer {
        faults.clear()
        try await emulation.reset()
        log.clear()
        return .ok(ClockView(clock))
    }

    private static func object(_ body: [UInt8]) -> JSONObject? {
        guard let value = try? JSONValue(parsing: body), case .object(let object) = value else { return nil }
        return object
    }

    /// - Returns: what is no whole number as -1, which no rule allows.
    private static func integer(_ value: JSONValue?, default: Int64) -> Int64 {
        guard let value else { return `default` }
        guard case .number(let number) = value else { return -1 }
        return number.int64 ?? -1
    }
}

extension EmulatorDoors.Answer {
    fileprivate static func ok(_ view: some Encodable) -> Self {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            return Self(status: 200, body: [UInt8](try encoder.encode(view)))
        } catch {
            return refusal(500, "The answer could not be encoded.")
        }
    }

    /// For whoever is not on this machine.
    package static let notLocal = refusal(403, "The emulator's doors open for programs on this machine only.")

    /// - Parameter status: HTTP's.
    package static func refusal(_ status: Int, _ explanation: String) -> Self {
        var body = Array(#"{"error":"#.utf8)
        JSONValue.string(explanation).write(to: &body)
        body.append(UInt8(ascii: "}"))
        return Self(status: status, body: body)
    }
}
