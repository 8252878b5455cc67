import Chat
import ChatProtocol
import Hummingbird

/// An application's official channels: listed, made, shown, changed, destroyed.
struct ChannelPages: Sendable {
    private let services: Services
    private var channels: OfficialChannels { services.systems.channels }

    init(_ services: Services) {
        self.services = services
    }

    func add(to routes: Routes) {
        routes.get("apps/:app/channels") { visit throws(ChatError) in try await list(visit) }
        routes.post("apps/:app/channels") { visit, form throws(ChatError) in try await create(visit, form) }
        routes.get("apps/:app/channels/new", by: .operator) { visit throws(ChatError) in
            newForm(nil, of: try await visit.application(), visit)
        }
        routes.get("apps/:app/channels/:channel") { visit throws(ChatError) in
            try await visit.atChannel { site throws(ChatError) in overview(of: site, visit) }
        }
        routes.get("apps/:app/channels/:channel/edit", by: .operator) { visit throws(ChatError) in
            try await visit.atChannel { site throws(ChatError) in editForm(nil, of: site, visit) }
        }
        routes.post("apps/:app/channels/:channel/edit") { visit, form throws(ChatError) in
            try await visit.atChannel { site throws(ChatError) in try await edit(site, visit, form) }
        }
        routes.post("apps/:app/channels/:channel/destroy") { visit, form throws(ChatError) in
            try await visit.atChannel { site throws(ChatError) in try await destroy(site, visit, form) }
        }
    }

    // MARK: All

    private func list(_ visit: Visit) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        let request = ChannelList.Request(visit)
        func answer(_ page: ChannelPage?, problem: ChatError? = nil) -> Answer {
            .page(
                Page(
                    "channels",
                    title: "channels.title",
                    ChannelList(request, page, of: application, problem, visit),
                    of: application,
                    section: "channels",
                    problem: problem
                )
            )
        }
        do throws(ChatError) {
            let page = try await channels.search(
                request.search,
                limit: ChannelList.rows,
                of: application,
                at: visit.now
            )
            return answer(page)
        } catch {
            guard !error.isInternalFault else { throw error }
            return answer(nil, problem: error)
        }
    }

    // MARK: Making and changing

    private func newForm(
        _ form: Form?,
        of application: Chat.Application,
        _ visit: Visit,
        problem: ChatError? = nil
    ) -> Answer {
        .page(
            Page(
                "channel-form",
                title: "channels.create",
                ChannelForm(form, of: application, nil, visit),
                of: application,
                section: "channels",
                problem: problem
            )
        )
    }

    private func create(_ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        do throws(ChatError) {
            let call = try await visit.call(for: application).once(form, visit)
            let id = try await channels.create(try ChannelForm.new(form), for: call)
            return .done("channelCreated", path: ChannelSite.path(of: id, in: application))
        } catch {
            return newForm(form, of: application, visit, problem: error)
        }
    }

    private func editForm(_ form: Form?, of site: ChannelSite, _ visit: Visit, problem: ChatError? = nil) -> Answer {
        let content = ChannelForm(form, of: site.application, site, visit)
        return site.page("channel-form", title: "channels.edit", content, problem: problem)
    }

    private func edit(_ site: ChannelSite, _ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        let texts = visit.texts
        do throws(ChatError) {
            let call = try await visit.call(for: site.application)
            try await channels.modify(site.channel.id, for: call) { channel throws(ChatError) in
                try ChannelForm.change(form, of: channel, texts)
            }
            return .done("channelChanged", path: site.path)
        } catch {
            guard error.isChangedMeanwhile else { return editForm(form, of: site, visit, problem: error) }
            let problem = error
            return try await visit.atChannel { present throws(ChatError) in
                let content = ChannelForm(nil, of: present.application, present, visit)
                let unsaved = ChannelForm.unsaved(form, of: present.channel, texts)
                return present.page("channel-form", title: "channels.edit", content, unsaved: unsaved, problem: problem)
            }
        }
    }

    // MARK: One

    private struct Overview: Sendable {
        let head: ChannelHead
        let owner: AccountLink
        let created: String
        let createdISO: String
        let subscribers: String
        let mostSubscribers: String
        /// Of the subscribers that there may be, in percent.
        let share: String
        let lastPost: String?
        let introduction: String?
        let faceURL: String?
        let organization: String?
        let customString: String?
        /// What must be typed to destroy the channel.
        let spelling: String
    }

    private func overview(of site: ChannelSite, _ visit: Visit, problem: ChatError? = nil) -> Answer {
        let channel = site.channel
        let profile = channel.profile
        let content = Overview(
            head: ChannelHead(site, visit, open: ""),
            owner: AccountLink(channel.owner, of: site.application),
            created: channel.createdAt.shown,
            createdISO: channel.createdAt.iso,
            subscribers: channel.subscribers.grouped,
            mostSubscribers: channel.maxSubscribers.grouped,
            share: Percentage.text(channel.subscribers, of: channel.maxSubscribers),
            lastPost: channel.lastPost?.shown,
            introduction: profile.introduction.nonEmpty,
            faceURL: profile.faceURL.nonEmpty,
            organization: profile.organization.nonEmpty,
            customString: profile.customString.nonEmpty,
            spelling: Self.spelling(of: channel)
        )
        return site.page("channel", title: profile.name, content, problem: problem)
    }

    private func destroy(_ site: ChannelSite, _ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        do throws(ChatError) {
            guard Self.oneLine(form["name"]) == Self.spelling(of: site.channel) else {
                throw .ofTheConsole(visit.texts["channels.wrongName"])
            }
            try await channels.destroy(site.channel.id, for: try await visit.call(for: site.application))
            return .done("channelDestroyed", path: ChannelSite.path(of: site.application))
        } catch {
            return overview(of: site, visit, problem: error)
        }
    }

    /// The channel's name as a person can type it; its ID where the name has nothing to be typed.
    private static func spelling(of channel: OfficialChannel) -> String {
        oneLine(channel.profile.name).nonEmpty ?? channel.id.rawValue
    }

    private static func oneLine(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}

extension String {
    /// Nil in place of an empty text.
    var nonEmpty: String? { isEmpty ? nil : self }
}

/// A part of a whole, as the width of a bar.
enum Percentage {
    /// Such as `37.5%`; a part that is there at all can be seen.
    static func text(_ part: Int64, of whole: Int64) -> String {
        guard whole > 0, part > 0 else { return "0%" }
        let thousandths = max(5, min(1000, Int64(Double(part) / Double(whole) * 1000)))
        return "\(thousandths / 10).\(thousandths % 10)%"
    }
}
