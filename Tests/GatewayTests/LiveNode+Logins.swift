import Chat
import ChatProtocol
import Gateway
import RostrumTesting
import Synchronization
import UserSig

extension LiveNode {
    /// Where a user logs in.
    ///
    /// - Parameters:
    ///   - token: nil leaves the parameter out.
    ///   - more: further parameters: `&platform=Web`.
    static func target(
        _ user: String,
        of application: SDKAppID = .example,
        token: String?,
        more: String = ""
    ) -> String {
        let signature = token.map { "&usersig=\($0)" } ?? ""
        return "\(Gateway.path)?sdkappid=\(application.rawValue)&identifier=\(user)\(signature)\(more)"
    }

    /// A token of the example application that is good now.
    func token(of user: String, lifetime: Int64 = 86_400) -> String {
        .init(UserSig.example(for: UserID(user), issuedAt: installation.clock.now, lifetime: lifetime))
    }

    /// Logs a user in.
    func login(
        _ user: String,
        platform: String? = nil,
        from address: String? = nil,
        _ manners: LiveClient.Manners = LiveClient.Manners(),
        onArrival: @escaping @Sendable (LiveClient.Arrival) -> Void = { _ in }
    ) async throws -> LiveClient {
        var manners = manners
        if let address { manners.headers.append((Self.addressHeader, address)) }
        let more = platform.map { "&platform=\($0)" } ?? ""
        let target = Self.target(user, token: token(of: user), more: more)
        return try await LiveClient.connect(port: port, to: target, manners, onArrival: onArrival)
    }

    /// Logs a user in and waits until the session is live: its opening comes a moment after the answer to the upgrade.
    func enter(_ user: String, platform: String? = nil) async throws -> LiveClient {
        let client = try await login(user, platform: platform)
        try await client.call("resume")
        return client
    }

    // MARK: - What an app's backend does

    /// A call at this moment with an application that was read before: while a read is held, another one may have to wait.
    func call(with application: Application) -> Call {
        Call(
            application: application,
            caller: .administrator,
            address: "192.0.2.1",
            platform: .restAPI,
            requestID: systems.random.hex(bytes: 16),
            time: systems.clock.now
        )
    }

    @discardableResult
    func createChannel(_ id: ChannelID = .news, name: String = "Harbour News") async throws -> ChannelID {
        let new = NewChannel.example(id: id, profile: .example(name: name))
        return try await installation.channels.create(new, for: installation.call())
    }

    func subscribe(_ names: String..., to id: ChannelID = .news) async throws {
        _ = try await installation.subscribers.add(names, to: id, for: installation.call())
    }

    func unsubscribe(_ names: String..., from id: ChannelID = .news) async throws {
        _ = try await installation.subscribers.remove(names, from: id, for: installation.call())
    }

    /// - Parameter call: nil makes one, for which it reads.
    @discardableResult
    func post(
        _ text: String,
        to id: ChannelID = .news,
        for call: Call? = nil,
        _ change: (inout NewBroadcast) -> Void = { _ in }
    ) async throws -> MessageKey {
        let random = lastRandom.withLock { random in
            random += 1
            return random
        }
        var new = NewBroadcast(channel: id, random: random, body: .text(text))
        change(&new)
        let made = if let call { call } else { try await installation.call() }
        return try await installation.broadcasts.send(new, for: made)
    }

    func recall(_ key: MessageKey, reason: String? = nil, in id: ChannelID = .news) async throws {
        _ = try await installation.broadcasts.recall(
            [key.rawValue],
            reason: reason,
            in: id,
            for: installation.call()
        )
    }

    func receipt(of key: MessageKey, in id: ChannelID = .news) async throws -> BroadcastReceipt {
        try await installation.receipts.find(
            key,
            in: id,
            of: installation.application(),
            at: installation.clock.now
        )
    }

    func rename(_ id: ChannelID = .news, _ name: String) async throws {
        try await installation.channels.modify(id, .example(name: name), for: installation.call())
    }

    func destroy(_ id: ChannelID = .news) async throws {
        try await installation.channels.destroy(id, for: installation.call())
    }
}

extension MessageBody {
    /// One text element.
    static func text(_ text: String) -> MessageBody {
        let content: JSONObject = ["Text": .string(text)]
        do {
            return try MessageBody([.object(["MsgType": .string("TIMTextElem"), "MsgContent": .object(content)])])
        } catch {
            preconditionFailure("\(error)")
        }
    }
}

extension JSONObject {
    /// The text of a message's first element.
    var messageText: String? { self["MsgBody"]?[0]?["MsgContent"]?["Text"]?.text }
    var channel: String? { self["Official_Account"]?.text }
    func number(_ name: String) -> Int64? { self[name]?.integer }
}
