import Chat
import ChatProtocol
import Database
import EventBus
import RostrumTesting
import Testing

extension UserID {
    static let anna = UserID("anna")
    static let bob = UserID("bob")
}

extension TestInstallation {
    /// A call of a user himself, from a live connection.
    func ownCall(_ user: UserID = .anna) async throws -> Call {
        try await call(as: user, from: "198.51.100.7", on: .iOS)
    }

    /// A channel that may send as often as it likes, and the users, imported.
    func prepareChannel(_ id: ChannelID = .news, importing names: [String] = ["anna", "bob"]) async throws {
        try await liftBroadcastLimits()
        _ = try await createChannel(.example(id: id))
        _ = try await accounts.importAll(names.map { NewAccount(id: UserID($0)) }, for: call())
    }

    func channel(_ id: ChannelID = .news) async throws -> OfficialChannel {
        try #require(try await findChannel(id))
    }

    func reference(_ id: ChannelID = .news) async throws -> ChannelReference {
        try await channel(id).reference(of: .example)
    }

    /// What the wire calls `Epoch`, by its rule: the storage's generation, with the history that it is of, and the
    /// channel's incarnation.
    func epoch(of id: ChannelID = .news) async throws -> String {
        let lineage = database.lineage == 0 ? "" : String(database.lineage, radix: 16)
        return "7e57" + lineage + "-" + String(try await channel(id).incarnation, radix: 16)
    }

    /// A log that hears from now on.
    func listen() -> EventLog {
        let log = EventLog()
        bus.listen(log.hear)
        return log
    }
}

extension ChannelPosition {
    init(_ messageSeq: Int64, _ eventSeq: Int64) {
        self.init(messageSeq: messageSeq, eventSeq: eventSeq)
    }
}

extension EventLog {
    /// What live connections hear of channels.
    var channelEvents: [TimelineEvent] {
        events.compactMap { if case .channel(let event) = $0 { event } else { nil } }
    }

    var subscriptionEvents: [SubscriptionEvent] {
        events.compactMap { if case .subscriptions(let event) = $0 { event } else { nil } }
    }
}

extension TimelineEvent {
    /// The parameters as text.
    var parameters: String? {
        notification.map { String(decoding: $0.parameters, as: UTF8.self) }
    }
}

extension SubscriptionEvent {
    /// The parameters of the notification as text.
    var parameters: String? {
        guard case .subscribed(_, let parameters) = change else { return nil }
        return String(decoding: parameters, as: UTF8.self)
    }
}
