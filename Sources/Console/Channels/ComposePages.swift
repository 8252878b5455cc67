import Chat
import ChatProtocol
import HTTPTypes
import Hummingbird

/// Where a post is written, looked at and sent.
struct ComposePages: Sendable {
    private let services: Services

    init(_ services: Services) {
        self.services = services
    }

    func add(to routes: Routes) {
        routes.get("apps/:app/channels/:channel/compose", by: .operator) { visit throws(ChatError) in
            try await visit.atChannel { site throws(ChatError) in
                compose(PostDraft(services.systems.random), nil, in: site, visit)
            }
        }
        routes.post("apps/:app/channels/:channel/preview") { visit, form throws(ChatError) in
            try await visit.atChannel { site throws(ChatError) in preview(site, visit, form) }
        }
        routes.post("apps/:app/channels/:channel/posts") { visit, form throws(ChatError) in
            try await visit.atChannel { site throws(ChatError) in try await send(site, visit, form) }
        }
    }

    private struct Kind: Sendable {
        let value: String
        let label: String
        let isChosen: Bool
    }

    /// The form with what was typed.
    private struct Compose: Sendable {
        let head: ChannelHead
        let send: String
        let look: String
        let back: String
        let kinds: [Kind]
        let random: Int64
        let pictureID: String
        /// By the names of the fields.
        let typed: [String: String]
        /// Those that are ticked.
        let isOn: [String: Bool]
        /// Whether anything stands in the part that is folded up otherwise.
        let hasOptions: Bool
        let preview: Preview
        /// What is asked before it goes to everybody.
        let question: String
    }

    /// What subscribers would see, and how much of the allowed length it takes.
    private struct Preview: Sendable {
        let channelName: String
        let initial: String
        let view: PostView?
        /// Why the form makes no post yet.
        let fault: String?
        let size: String?
        let most: String
        let isTooLong: Bool
    }

    private static let fields = [
        "text", "imageURL", "imageWidth", "imageHeight", "articleTitle", "content", "link", "pictureURL",
        "pictureWidth", "pictureHeight", "json",
    ]
    /// Those in the part that is folded up.
    private static let options = ["cloudCustomData", "pushTitle", "pushDesc", "pushExt"]
    private static let boxes = ["onlineOnly", "noBefore", "noAfter", "noLastMessage", "noPush"]

    private func compose(
        _ draft: PostDraft,
        _ preview: Preview?,
        in site: ChannelSite,
        _ visit: Visit,
        problem: ChatError? = nil
    ) -> Answer {
        let content = Compose(
            head: ChannelHead(site, visit, open: "/posts"),
            send: "\(site.path)/posts",
            look: "\(site.path)/preview",
            back: "\(site.path)/posts",
            kinds: PostDraft.Kind.allCases.map { kind in
                Kind(
                    value: kind.rawValue,
                    label: visit.texts["posts.kinds.\(kind.rawValue)"],
                    isChosen: kind == draft.kind
                )
            },
            random: draft.random,
            pictureID: draft.pictureID,
            typed: Dictionary(uniqueKeysWithValues: (Self.fields + Self.options).map { ($0, draft.typed($0)) }),
            isOn: Dictionary(uniqueKeysWithValues: Self.boxes.map { ($0, draft.isOn($0)) }),
            hasOptions: Self.options.contains { !draft.typed($0).isEmpty } || Self.boxes.contains(where: draft.isOn),
            preview: preview ?? self.preview(nil, fault: nil, in: site, visit),
            question: visit.texts["posts.confirmSend", ["count": site.channel.subscribers.grouped]]
        )
        return site.page("compose", title: "posts.compose", content, problem: problem)
    }

    private func preview(
        _ broadcast: NewBroadcast?,
        fault: ChatError?,
        in site: ChannelSite,
        _ visit: Visit
    ) -> Preview {
        let most = site.application.limits[.messageBytes]
        return Preview(
            channelName: site.channel.profile.name,
            initial: ChannelHead.initial(of: site.channel),
            view: broadcast.map { PostView($0.body) },
            fault: fault.map { Refusal($0, visit.texts).text },
            size: broadcast.map { Int64($0.size).grouped },
            most: most.grouped,
            isTooLong: broadcast.map { Int64($0.size) > most } ?? false
        )
    }

    private func preview(_ draft: PostDraft, in site: ChannelSite, _ visit: Visit) -> Preview {
        do throws(ChatError) {
            return preview(try draft.broadcast(to: site.channel.id, visit.texts), fault: nil, in: site, visit)
        } catch {
            return preview(nil, fault: error, in: site, visit)
        }
    }

    /// The form again with the preview beside it; for a script the preview alone.
    private func preview(_ site: ChannelSite, _ visit: Visit, _ form: Form) -> Answer {
        guard let draft = PostDraft(form) else { return .problem(.badRequest, "errors.form") }
        let preview = preview(draft, in: site, visit)
        guard form.isOn("alone") else { return compose(draft, preview, in: site, visit) }
        let text = services.templates.render("post-preview", ["t": visit.texts.tree, "preview": preview])
        return .response(.html(text))
    }

    private func send(_ site: ChannelSite, _ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        guard let draft = PostDraft(form) else { return .problem(.badRequest, "errors.form") }
        do throws(ChatError) {
            let new = try draft.broadcast(to: site.channel.id, visit.texts)
            let call = try await visit.call(for: site.application).once(form, visit)
            let key = try await services.systems.broadcasts.send(new, for: call)
            return .done("postSent", path: PostPages.path(of: key, in: site))
        } catch {
            return compose(draft, preview(draft, in: site, visit), in: site, visit, problem: error)
        }
    }
}
