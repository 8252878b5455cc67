extension JSONValue {
    package static func channel(_ channel: ChannelID) -> JSONValue { .string(channel.rawValue) }

    package static func user(_ user: UserID) -> JSONValue { .string(user.rawValue) }
}
