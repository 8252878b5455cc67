import AdminAPI
import Chat
import ChatProtocol
import Hummingbird

/// Who subscribes to a channel: listed, added, removed, taken away as a file.
struct SubscriberPages: Sendable {
    private static let rows = 100
    /// How heavy the custom strings of a page may be together, in bytes.
    private static let heaviest = 80_000

    private let services: Services
    private var subscribers: Subscribers { services.systems.subscribers }

    init(_ services: Services) {
        self.services = services
    }

    func add(to routes: Routes) {
        routes.get("apps/:app/channels/:channel/subscribers") { visit throws(ChatError) in
            try await visit.atChannel { site throws(ChatError) in try await list(site, visit) }
        }
        routes.post("apps/:app/channels/:channel/subscribers/add") { visit, form throws(ChatError) in
            try await visit.atChannel { site throws(ChatError) in try await add(site, visit, form) }
        }
        routes.post("apps/:app/channels/:channel/subscribers/remove") { visit, form throws(ChatError) in
            try await visit.atChannel { site throws(ChatError) in try await remove(site, visit, form) }
        }
        routes.get("apps/:app/channels/:channel/subscribers.csv") { visit throws(ChatError) in
            try await visit.atChannel { site throws(ChatError) in
                if !visit.isForHead {
                    let operation = visit.operation()
                    try await subscribers.recordExport(of: site.channel.id, of: site.application.id, by: operation)
                }
                return .response(try await SubscriberFile(site, subscribers, at: visit.now).response())
            }
        }
    }

    private struct Row: Sendable {
        let account: String
        let link: String
        let since: String
        let sinceISO: String
        let receives: String
        let discards: Bool
        let note: LongText
    }

    /// What became of somebody who was to be added or removed.
    private struct Outcome: Sendable {
        let user: String
        let text: String
        let isGood: Bool
    }

    private struct List: Sendable {
        let head: ChannelHead
        let path: String
        /// Whose subscription is looked for; empty when all are listed.
        let wanted: String
        let isSearch: Bool
        let rows: [Row]
        let total: String
        let most: Int
        /// What is in the field for those to be added.
        let accounts: String
        let hasOutcomes: Bool
        let outcomes: [Outcome]
        let first: String?
        let next: String?
    }

    private func list(
        _ site: ChannelSite,
        _ visit: Visit,
        accounts: String = "",
        outcomes: [Outcome] = [],
        problem: ChatError? = nil
    ) async throws(ChatError) -> Answer {
        let wanted = visit.asked("account")
        // One that is none, or of an earlier channel of this ID, begins again.
        let cursor = SubscriberCursor(visit.asked("after"))
        let page = wanted.isEmpty ? try await firstPage(of: site, after: cursor, visit) : nil
        let shown = if let page { page.subscriptions } else { try await one(wanted, of: site, visit) }
        let path = "\(site.path)/subscribers"
        let content = List(
            head: ChannelHead(site, visit, open: "/subscribers"),
            path: path,
            wanted: wanted,
            isSearch: !wanted.isEmpty,
            rows: shown.map { row($0, of: site.application, visit) },
            total: visit.texts["accounts.total", ["count": (page?.total ?? site.channel.subscribers).grouped]],
            most: SubscriberFields.most,
            accounts: accounts,
            hasOutcomes: !outcomes.isEmpty,
            outcomes: outcomes,
            first: cursor == nil || !wanted.isEmpty ? nil : path,
            next: page?.next.map { "\(path)?after=\($0.text.percentEncoded)" }
        )
        return site.page("subscribers", title: "subscribers.title", content, problem: problem)
    }

    private func row(_ one: Subscription, of application: Chat.Application, _ visit: Visit) -> Row {
        Row(
            account: one.user.rawValue,
            link: AccountLink(one.user, of: application).path,
            since: one.subscribedAt.shown,
            sinceISO: one.subscribedAt.iso,
            receives: visit.texts["account.flags.\(one.messageFlag.rawValue)"],
            discards: one.messageFlag == .discard,
            note: LongText(one.customString)
        )
    }

    /// The subscription of one account; none for a text that is no UserID.
    private func one(_ name: String, of site: ChannelSite, _ visit: Visit) async throws(ChatError) -> [Subscription] {
        guard let user = UserID(rawValue: name) else { return [] }
        return try await subscribers.find(user, in: site.channel.id, of: site.application, at: visit.now)
            .map { [$0] } ?? []
    }

    private func firstPage(
        of site: ChannelSite,
        after cursor: SubscriberCursor?,
        _ visit: Visit
    ) async throws(ChatError) -> SubscriberPage {
        func page(_ cursor: SubscriberCursor?, limit: Int) async throws(ChatError) -> SubscriberPage {
            try await subscribers.page(
                of: site.channel.id,
                after: cursor,
                limit: limit,
                of: site.application,
                at: visit.now
            )
        }
        /// Of fewer rows where their custom strings are long.
        func page(_ cursor: SubscriberCursor?) async throws(ChatError) -> SubscriberPage {
            let whole = try await page(cursor, limit: Self.rows)
            let count = whole.subscriptions.map { LongText($0.customString) }.fitting(Self.heaviest)
            return count == whole.subscriptions.count ? whole : try await page(cursor, limit: count)
        }
        do throws(ChatError) {
            return try await page(cursor)
        } catch {
            guard cursor != nil, error.code == .parameterInvalid else { throw error }
            return try await page(nil)
        }
    }

    private func add(_ site: ChannelSite, _ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        do throws(ChatError) {
            let names = try SubscriberFields.names(in: form)
            let results = try await subscribers.add(names, to: site.channel.id, for: visit.call(for: site.application))
            guard results.contains(where: { $0 != .subscribed }) else {
                return .done("subscribersAdded", path: "\(site.path)/subscribers")
            }
            let outcomes = zip(names, results).map { name, result in
                let key =
                    switch result {
                    case .subscribed: "subscribed"
                    case .already: "already"
                    case .refused: "refused"
                    }
                return Outcome(user: name, text: visit.texts["subscribers.\(key)"], isGood: result != .refused)
            }
            let left = outcomes.filter { !$0.isGood }.map(\.user).joined(separator: "\n")
            return try await list(site, visit, accounts: left, outcomes: outcomes)
        } catch {
            return try await list(site, visit, accounts: form.raw("accounts"), problem: error)
        }
    }

    private func remove(_ site: ChannelSite, _ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        do throws(ChatError) {
            let names = try SubscriberFields.names(in: form)
            let call = try await visit.call(for: site.application)
            let results = try await subscribers.remove(names, from: site.channel.id, for: call)
            guard results.contains(.notSubscribed) else {
                return .done("subscribersRemoved", path: "\(site.path)/subscribers")
            }
            let outcomes = zip(names, results).map { name, result in
                let isRemoved = result == .unsubscribed
                let key = isRemoved ? "unsubscribed" : "notSubscribed"
                return Outcome(user: name, text: visit.texts["subscribers.\(key)"], isGood: isRemoved)
            }
            return try await list(site, visit, outcomes: outcomes)
        } catch {
            return try await list(site, visit, accounts: form.raw("accounts"), problem: error)
        }
    }
}
