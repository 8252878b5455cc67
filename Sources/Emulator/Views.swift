import AdminAPI
import Chat
import ChatProtocol

/// The clock as the doors show it.
struct ClockView: Encodable {
    /// Unix seconds.
    let now: Int64
    /// Seconds ahead of the machine's clock.
    let ahead: Int64

    init(_ clock: EmulatorClock) {
        (now, ahead) = (clock.now.seconds, clock.secondsAhead)
    }
}

/// What the demo page needs in order to make a UserSig by itself.
struct DemoView: Encodable {
    let sdkAppID: Int64
    let key: String
    /// Unix seconds by the emulator's clock.
    let now: Int64
}

struct FaultView: Encodable {
    let command: String
    let code: Int?
    let times: Int64
    let delayMs: Int64

    init(_ fault: Faults.Fault) {
        (command, code) = (fault.command, fault.code?.rawValue)
        (times, delayMs) = (fault.times, fault.delayMilliseconds)
    }
}

/// A call as the request log shows it; the UserSig was never kept.
struct RequestView: Encodable {
    let requestID: String
    let time: Int64
    let method: String
    let path: String
    let sdkappid: String?
    let identifier: String?
    let address: String
    let body: String
    let code: Int
    let reply: String
    /// Whether only the beginning of body or reply is there.
    let cut: Bool

    init(_ entry: RequestLog.Entry) {
        let call = entry.call
        (requestID, time, method, path) = (call.requestID, entry.time.seconds, call.method, call.path)
        (sdkappid, identifier, address) = (call.application, call.identifier, call.address)
        body = String(decoding: call.body, as: UTF8.self)
        (code, reply) = (call.code.rawValue, String(decoding: call.reply, as: UTF8.self))
        cut = entry.isCut
    }
}

/// The application as the doors show it: no key, no secret.
struct ApplicationView: Encodable {
    let sdkappid: Int64
    let name: String
    let plan: String
    let admins: [String]
    let limits: [String: Int64]

    init(_ application: Application) {
        (sdkappid, name, plan) = (application.id.rawValue, application.name, application.plan.rawValue)
        admins = application.admins.map(\.rawValue).sorted()
        limits = Dictionary(uniqueKeysWithValues: Limits.Name.allCases.map { ($0.rawValue, application.limits[$0]) })
    }
}

/// Everything that the emulator holds; lists are cut after ``longestList`` entries, the counts are whole.
struct StateView: Encodable {
    static let longestList = 1000

    struct Counts: Encodable {
        let channels: Int64
        let accounts: Int64
    }

    struct Channel: Encodable {
        let id: String
        let owner: String
        let name: String
        let maxSubscribers: Int64
        let subscribers: Int64
        let createdAt: Int64

        init(_ channel: OfficialChannel) {
            (id, owner, name) = (channel.id.rawValue, channel.owner.rawValue, channel.profile.name)
            (maxSubscribers, subscribers) = (channel.maxSubscribers, channel.subscribers)
            createdAt = channel.createdAt.seconds
        }
    }

    let clock: ClockView
    let application: ApplicationView
    let counts: Counts
    let channels: [Channel]
    let accounts: [String]
    let faults: [FaultView]
}
