package import Chat
package import ChatProtocol
import UserSig

// Builders with a default for all that a test is not about.

extension NewApplication {
    /// The key of every example application.
    package static let exampleKey = "9f3c5a7e1b2d4c6f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f7"

    package static func example(
        id: SDKAppID = .example,
        name: String = "Harbour",
        plan: Plan = .enterprise,
        key: String = exampleKey,
        admins: [UserID] = [.administrator]
    ) -> NewApplication {
        NewApplication(id: id, name: name, plan: plan, key: key, admins: admins, webhookSecret: "webhook secret")
    }
}

extension ChannelProfile {
    package static func example(name: String = "Harbour News") -> ChannelProfile {
        ChannelProfile(
            name: name,
            introduction: "Tides and ferries",
            faceURL: "https://img.example.net/h.png",
            organization: "Port of Example",
            customString: #"{"lang":"en"}"#
        )
    }
}

extension NewChannel {
    package static func example(
        id: ChannelID? = .news,
        owner: UserID = .administrator,
        profile: ChannelProfile = .example(),
        maxSubscribers: Int64? = nil
    ) -> NewChannel {
        NewChannel(id: id, owner: owner.rawValue, profile: profile, maxSubscribers: maxSubscribers)
    }
}

extension ChannelChange {
    package static func example(name: String? = nil, maxSubscribers: Int64? = nil) -> ChannelChange {
        var change = ChannelChange()
        (change.name, change.maxSubscribers) = (name, maxSubscribers)
        return change
    }
}

extension NewAccount {
    package static func example(
        id: UserID = UserID("anna"),
        nick: String? = nil,
        faceURL: String? = nil
    ) -> NewAccount {
        NewAccount(id: id, nick: nick, faceURL: faceURL)
    }
}

extension IdempotencyKey {
    /// - Parameter request: stands for the command and the body; another text is another request.
    package static func example(_ name: String = "order-66", request: String = "request") -> IdempotencyKey {
        guard let key = IdempotencyKey(name: name, digest: Array(request.utf8)) else {
            preconditionFailure("\(name) is no idempotency key")
        }
        return key
    }
}

extension UserSig {
    /// A token of an example application.
    package static func example(
        for identifier: UserID = .administrator,
        of application: SDKAppID = .example,
        key: String = NewApplication.exampleKey,
        issuedAt: Timestamp = ManualClock.start,
        lifetime: Int64 = 86_400
    ) -> String {
        token(
            sdkAppID: application.rawValue,
            identifier: identifier.rawValue,
            key: key,
            issuedAt: issuedAt.seconds,
            lifetime: lifetime
        )
    }
}
