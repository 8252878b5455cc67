import AdminAPI
import Chat
import ChatProtocol
import HTTPTypes
import Hummingbird

/// A channel's posts: listed, shown with what became of them, recalled.
struct PostPages: Sendable {
    private static let rows = 20

    private let services: Services
    private var broadcasts: Broadcasts { services.systems.broadcasts }

    init(_ services: Services) {
        self.services = services
    }

    func add(to routes: Routes) {
        routes.get("apps/:app/channels/:channel/posts") { visit throws(ChatError) in
            try await visit.atChannel { site throws(ChatError) in try await list(site, visit) }
        }
        routes.get("apps/:app/channels/:channel/posts/:key") { visit throws(ChatError) in
            try await visit.atChannel { site throws(ChatError) in try await show(site, visit) }
        }
        routes.post("apps/:app/channels/:channel/posts/:key/recall") { visit, form throws(ChatError) in
            try await visit.atChannel { site throws(ChatError) in try await recall(site, visit, form) }
        }
    }

    static func path(of key: MessageKey, in site: ChannelSite) -> String { "\(site.path)/posts/\(key)" }

    // MARK: History

    private struct Row: Sendable {
        let path: String
        let seq: Int64
        let sent: String
        let sentISO: String
        let summary: String?
        /// Why there is nothing to be read.
        let absence: Badge?
    }

    private struct History: Sendable {
        let head: ChannelHead
        let compose: String
        let rows: [Row]
        let first: String?
        let next: String?
    }

    private func list(_ site: ChannelSite, _ visit: Visit) async throws(ChatError) -> Answer {
        let before = MessageKey(rawValue: visit.asked("before"))
        // One more than a page has tells whether there is another.
        let found = try await broadcasts.sent(
            to: site.channel.id,
            before: before,
            limit: Self.rows + 1,
            of: site.application,
            at: visit.now
        )
        let shown = found.prefix(Self.rows)
        let path = "\(site.path)/posts"
        let content = History(
            head: ChannelHead(site, visit, open: "/posts"),
            compose: "\(site.path)/compose",
            rows: shown.map { row($0, in: site, visit) },
            first: before == nil ? nil : path,
            next: found.count == shown.count ? nil : shown.last.map { "\(path)?before=\($0.broadcast.key)" }
        )
        return site.page("posts", title: "posts.title", content)
    }

    private func row(_ post: SentBroadcast, in site: ChannelSite, _ visit: Visit) -> Row {
        let broadcast = post.broadcast
        let sent = Timestamp(milliseconds: broadcast.key.seconds * 1000)
        var summary: String?
        if case .message(let body, _) = broadcast.content { summary = PostView(body).summary(visit.texts) }
        return Row(
            path: Self.path(of: broadcast.key, in: site),
            seq: broadcast.key.seq,
            sent: sent.shown,
            sentISO: sent.iso,
            summary: summary,
            absence: Self.absence(of: post).map { absence in
                Badge(text: visit.texts["posts.absence.\(absence.rawValue)"], kind: absence == .recalled ? "bad" : "")
            }
        )
    }

    // MARK: One

    private struct Post: Sendable {
        let head: ChannelHead
        let path: String
        let list: String
        let key: String
        let seq: Int64
        let random: Int64
        let sent: String
        let sentISO: String
        /// Why there is no content; a key's text.
        let absence: String?
        let recalledAt: String?
        let recalledISO: String?
        let reason: String?
        let mayBeRecalled: Bool
        let view: PostView?
        let initial: String
        let channelName: String
        let customData: String?
        let json: String?
        let receipt: ReceiptView
        let longestReason: Int
        let typedReason: String
    }

    private func show(_ site: ChannelSite, _ visit: Visit, _ form: Form? = nil, problem: ChatError? = nil)
        async throws(ChatError) -> Answer
    {
        guard let key = MessageKey(rawValue: visit.named("key")) else { return .problem(.notFound, "errors.notFound") }
        let (id, application) = (site.channel.id, site.application)
        let details: BroadcastDetails
        let receipt: BroadcastReceipt
        do throws(ChatError) {
            details = try await broadcasts.find(key, in: id, of: application, at: visit.now)
            receipt = try await services.systems.receipts.find(key, in: id, of: application, at: visit.now)
        } catch {
            guard error.code == .messageNotFound else { throw error }
            return .problem(.notFound, "posts.gone")
        }
        var (body, customData): (MessageBody?, String?)
        if case .message(let content, let data) = details.broadcast.content { (body, customData) = (content, data) }
        let content = Post(
            head: ChannelHead(site, visit, open: "/posts"),
            path: Self.path(of: key, in: site),
            list: "\(site.path)/posts",
            key: key.rawValue,
            seq: key.seq,
            random: details.broadcast.random,
            sent: details.sentAt.shown,
            sentISO: details.sentAt.iso,
            absence: Self.absence(of: SentBroadcast(kind: details.kind, broadcast: details.broadcast))
                .map { visit.texts["posts.why.\($0.rawValue)"] },
            recalledAt: details.recall?.at.shown,
            recalledISO: details.recall?.at.iso,
            reason: details.recall?.reason?.nonEmpty,
            mayBeRecalled: body != nil,
            view: body.map(PostView.init),
            initial: ChannelHead.initial(of: site.channel),
            channelName: site.channel.profile.name,
            customData: customData,
            json: body.map { PrettyJSON.text(.array($0.elements)) },
            receipt: ReceiptView(receipt, visit.texts),
            longestReason: Broadcasts.longestReason,
            typedReason: form?.raw("reason") ?? ""
        )
        return site.page("post", title: visit.texts["posts.post", ["seq": "\(key.seq)"]], content, problem: problem)
    }

    /// Why a post has no content any more; a key of the texts.
    private enum Absence: String {
        case onlineOnly, dropped, recalled, expired
    }

    private static func absence(of post: SentBroadcast) -> Absence? {
        switch (post.kind, post.broadcast.content) {
        case (.onlineOnly, _): .onlineOnly
        case (.dropped, _): .dropped
        case (.stored, .recalled): .recalled
        case (.stored, .expired): .expired
        case (.stored, .message): nil
        }
    }

    private func recall(_ site: ChannelSite, _ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        do throws(ChatError) {
            let recall = try BroadcastRecall(of: visit.named("key"), form)
            let codes = try await broadcasts.recall(
                recall.keys,
                reason: recall.reason,
                in: site.channel.id,
                for: try await visit.call(for: site.application)
            )
            guard codes.first == .ok else {
                throw .ofTheConsole(visit.texts["posts.notRecalled"])
            }
            return .done("postRecalled", path: "\(site.path)/posts/\(visit.named("key"))")
        } catch {
            return try await show(site, visit, form, problem: error)
        }
    }
}
