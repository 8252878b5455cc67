import Chat
import ChatProtocol
import RostrumTesting

extension TestInstallation {
    func subscribe(_ names: String..., to id: ChannelID = .news) async throws -> [Subscribing] {
        try await subscribe(names, to: id)
    }

    func subscribe(_ names: [String], to id: ChannelID = .news) async throws -> [Subscribing] {
        try await subscribers.add(names, to: id, for: call())
    }

    func unsubscribe(_ names: String..., from id: ChannelID = .news) async throws -> [Unsubscribing] {
        try await subscribers.remove(names, from: id, for: call())
    }

    /// Imports accounts and subscribes them, the first ones first.
    func importSubscribers(_ names: [String], to id: ChannelID = .news) async throws {
        _ = try await accounts.importAll(names.map { NewAccount(id: UserID($0)) }, for: call())
        _ = try await subscribe(names, to: id)
    }

    func subscriberPage(
        of id: ChannelID = .news,
        after cursor: SubscriberCursor? = nil,
        limit: Int = 200
    ) async throws -> SubscriberPage {
        try await subscribers.page(of: id, after: cursor, limit: limit, of: application(), at: clock.now)
    }

    /// The first 200 subscribers' names.
    func subscriberNames(of id: ChannelID = .news) async throws -> [String] {
        try await subscriberPage(of: id).subscriptions.map(\.user.rawValue)
    }

    func subscribedChannels(
        of name: String,
        offset: Int64 = 0,
        limit: Int64 = 200
    ) async throws -> SubscribedChannels {
        try await subscribers.channels(of: name, offset: offset, limit: limit, of: application(), at: clock.now)
    }

    /// Destroys a channel and makes another of the same ID.
    func recreateChannel(_ new: NewChannel = .example()) async throws {
        try await channels.destroy(new.id ?? .news, for: call())
        _ = try await createChannel(new)
    }
}
