package import Chat

/// Every command that there is, by its path.
package struct Catalogue: Sendable {
    package let commands: [any Command]
    private let byPath: [String: any Command]

    /// The one list: a command that is not in it does not exist.
    package init(accounts: Accounts, channels: OfficialChannels) {
        commands = [
            CreateOfficialAccount(channels: channels),
            DestroyOfficialAccount(channels: channels),
            ModifyOfficialAccountBaseInfo(channels: channels),
            GetOfficialAccountInfo(channels: channels),
            AccountImport(accounts: accounts),
            MultiaccountImport(accounts: accounts),
            AccountDelete(accounts: accounts),
            AccountCheck(accounts: accounts),
            Kick(accounts: accounts),
            QueryOnlineStatus(accounts: accounts),
        ]
        byPath = Dictionary(commands.map { ("/v4/" + $0.card.path, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The last part of every command's path.
    package var names: Set<String> {
        Set(commands.map(\.card.name))
    }

    /// The command of a URL's path, nil when it names none.
    ///
    /// Case counts.
    package func command(at path: String) -> (any Command)? {
        byPath[path]
    }
}
