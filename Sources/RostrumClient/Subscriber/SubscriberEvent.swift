/// What happens to a subscriber, in the order in which it happens in each channel.
public enum SubscriberEvent: Sendable, Equatable {
    /// A post: `onRecvNewMessage`, or one that `resume` brought.
    case message(ChannelMessage)
    /// A post was recalled and is to be shown no longer: `onRecvMessageRevoked`.
    case revoked(MessageRevocation)
    /// A channel's profile changed: `onOfficialAccountInfoChanged`.
    case infoChanged(LiveChannel)
    /// A channel was destroyed; nothing more comes from it: `onOfficialAccountDeleted`.
    case deleted(channel: String)
    /// The user subscribes to a channel now, by whatever way: `onOfficialAccountSubscribed`.
    case subscribed(LiveChannel)
    /// The user subscribes to a channel no longer, or it is gone: `onOfficialAccountUnsubscribed`, or what `resume` found.
    case unsubscribed(channel: String)
    /// What was sent before cannot be told for certain: read the channel's history.
    ///
    /// From here on the channel's events are complete again. Comes when too much was missed or the channel's storage was
    /// restored, and once for each channel of which the position store knew nothing.
    case reloadNeeded(channel: String)
    /// The session has a connection, or has it no longer.
    case connection(ConnectionState)
    /// The server takes the UserSig no longer: `onUserSigExpired`. The session logs in with another one by itself.
    case userSigExpired
    /// The session was ended by the server: `onKickedOffline`. It does not come back by itself.
    case kicked(KickReason)
}

/// Whether a session is connected.
public enum ConnectionState: Sendable, Equatable {
    /// The login was taken.
    case connected
    /// The connection is gone, or could not be made; the session tries again after the pause.
    case disconnected(reason: String, retryAfter: Duration)
}

/// Why the server ended a session: `Reason` of `onKickedOffline`.
public struct KickReason: RawRepresentable, Sendable, Hashable {
    /// The word on the wire.
    public let rawValue: String

    /// Wraps a word of the wire.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// An admin made the user's UserSigs void.
    public static let kicked = Self(rawValue: "kicked")
    /// The user has more sessions than the application allows, and this was the oldest.
    public static let replaced = Self(rawValue: "replaced")
    /// The account was deleted.
    public static let deleted = Self(rawValue: "deleted")
    /// The application was switched off.
    public static let disabled = Self(rawValue: "disabled")
}

/// Why a session is over and does not come back; thrown by ``SubscriberEvents``.
public enum SessionEnd: Error, Sendable {
    /// The server ended it, as the event before said.
    case kicked(KickReason)
    /// The server refuses the user's UserSigs, a new one among them.
    case loginRefused(Refusal)
    /// The server closed it with a code that says not to come back (docs/subscriber-protocol.md, Ends).
    case closed(code: Int, reason: String)
    /// The position store threw this; a session that cannot remember where it is would repeat itself.
    case positionStore(any Error)
}
