package import ChatProtocol

// Fixtures are written by hand: an identifier that breaks its rule is a fault of the test and ends it.

extension UserID {
    package init(_ text: String) {
        guard let id = UserID(rawValue: text) else { preconditionFailure("\(text) is no UserID") }
        self = id
    }

    package static let administrator = UserID("administrator")
}

extension ChannelID {
    package init(_ text: String) {
        guard let id = ChannelID(rawValue: text) else { preconditionFailure("\(text) is no channel ID") }
        self = id
    }

    package static let news = ChannelID("@TOA#_news")
}

extension SDKAppID {
    package init(_ number: Int64) {
        guard let id = SDKAppID(rawValue: number) else { preconditionFailure("\(number) is no SDKAppID") }
        self = id
    }

    /// The application of every ``TestInstallation``.
    package static let example = SDKAppID(1_400_000_001)
    /// Another tenant's number.
    package static let other = SDKAppID(1_400_000_002)
}
