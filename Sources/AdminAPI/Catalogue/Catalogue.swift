package import Chat

/// Every command that there is, by its path.
package struct Catalogue: Sendable {
    package let commands: [any Command]
    private let byPath: [String: any Command]

    /// The one list: a command that is not in it does not exist.
    package init(_ systems: Systems) {
        commands = [
            CreateOfficialAccount(channels: systems.channels),
            DestroyOfficialAccount(channels: systems.channels),
            ModifyOfficialAccountBaseInfo(channels: systems.channels),
            GetOfficialAccountInfo(channels: systems.channels),
            AddSubscriber(subscribers: systems.subscribers),
            DeleteSubscriber(subscribers: systems.subscribers),
            GetSubscriberInfo(subscribers: systems.subscribers),
            ModifySubscriberInfo(subscribers: systems.subscribers),
            GetSubscribedOfficialAccountList(subscribers: systems.subscribers),
            SendOfficialAccountMsg(broadcasts: systems.broadcasts),
            OfficialAccountMsgRecall(broadcasts: systems.broadcasts),
            OfficialAccountMsgGetSimple(broadcasts: systems.broadcasts),
            AccountImport(accounts: systems.accounts),
            MultiaccountImport(accounts: systems.accounts),
            AccountDelete(accounts: systems.accounts),
            AccountCheck(accounts: systems.accounts),
            Kick(accounts: systems.accounts),
            QueryOnlineStatus(accounts: systems.accounts),
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
