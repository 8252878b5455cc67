package import Chat

/// Every command that there is, by its path.
package struct Catalogue: Sendable {
    /// A command before there is anything that it could work with.
    private struct Entry: Sendable {
        let card: CommandCard
        let make: @Sendable (Systems) -> any Command

        init<Made: Command>(_ make: @escaping @Sendable (Systems) -> Made) {
            (card, self.make) = (Made.card, { make($0) })
        }
    }

    /// The one list: a command that is not in it does not exist.
    private static let entries = [
        Entry { CreateOfficialAccount(channels: $0.channels) },
        Entry { DestroyOfficialAccount(channels: $0.channels) },
        Entry { ModifyOfficialAccountBaseInfo(channels: $0.channels) },
        Entry { GetOfficialAccountInfo(channels: $0.channels) },
        Entry { AddSubscriber(subscribers: $0.subscribers) },
        Entry { DeleteSubscriber(subscribers: $0.subscribers) },
        Entry { GetSubscriberInfo(subscribers: $0.subscribers) },
        Entry { ModifySubscriberInfo(subscribers: $0.subscribers) },
        Entry { GetSubscribedOfficialAccountList(subscribers: $0.subscribers) },
        Entry { SendOfficialAccountMsg(broadcasts: $0.broadcasts) },
        Entry { OfficialAccountMsgRecall(broadcasts: $0.broadcasts) },
        Entry { OfficialAccountMsgGetSimple(broadcasts: $0.broadcasts) },
        Entry { AccountImport(accounts: $0.accounts) },
        Entry { MultiaccountImport(accounts: $0.accounts) },
        Entry { AccountDelete(accounts: $0.accounts) },
        Entry { AccountCheck(accounts: $0.accounts) },
        Entry { Kick(accounts: $0.accounts) },
        Entry { QueryOnlineStatus(accounts: $0.accounts, presence: $0.presence) },
        Entry { GetBroadcastReceipt(receipts: $0.receipts) },
    ]

    /// The cards of all commands, in the order of the list.
    package static let cards = entries.map(\.card)

    package let commands: [any Command]
    private let byPath: [String: any Command]

    package init(_ systems: Systems) {
        commands = Self.entries.map { $0.make(systems) }
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
