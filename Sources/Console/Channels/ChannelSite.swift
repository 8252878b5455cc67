import Chat
import ChatProtocol
import HTTPTypes

/// The pages of one channel: which channel, and where they are.
struct ChannelSite: Sendable {
    let application: Chat.Application
    let channel: OfficialChannel

    /// Where the pages of an application's channels are.
    static func path(of application: Chat.Application) -> String {
        "\(Console.path)/apps/\(application.id)/channels"
    }

    /// Where the pages of a channel are; its ID has characters that mean something else in a path.
    static func path(of id: ChannelID, in application: Chat.Application) -> String {
        "\(path(of: application))/\(id.rawValue.percentEncoded)"
    }

    var path: String { Self.path(of: channel.id, in: application) }

    /// A page of the channel's.
    ///
    /// - Parameter title: a key of the texts, or the title itself.
    func page(
        _ template: String,
        title: String,
        _ content: any Sendable,
        unsaved: [Unsaved] = [],
        problem: ChatError? = nil
    ) -> Answer {
        var page = Page(template, title: title, content, of: application, section: "channels", problem: problem)
        page.unsaved = unsaved
        return .page(page)
    }
}

/// What stands above every page of a channel.
struct ChannelHead: Sendable {
    struct Tab: Sendable {
        let path: String
        let label: String
        let isOpen: Bool
    }

    let name: String
    let id: String
    let initial: String
    let path: String
    let list: String
    let tabs: [Tab]

    /// - Parameter open: the last part of the open tab's path.
    init(_ site: ChannelSite, _ visit: Visit, open: String) {
        name = site.channel.profile.name
        id = site.channel.id.rawValue
        initial = Self.initial(of: site.channel)
        path = site.path
        list = ChannelSite.path(of: site.application)
        tabs = [("", "overview"), ("/posts", "posts"), ("/subscribers", "subscribers")].map { end, key in
            Tab(path: site.path + end, label: visit.texts["channels.tabs.\(key)"], isOpen: open == end)
        }
    }

    /// What stands for the channel's picture, which lies elsewhere: no page loads anything from there.
    static func initial(of channel: OfficialChannel) -> String {
        channel.profile.name.first { !$0.isWhitespace }.map { String($0).uppercased() } ?? "#"
    }
}

extension Visit {
    /// Answers with a page of the channel that the path names; says so when there is none.
    func atChannel(
        _ answer: (ChannelSite) async throws(ChatError) -> Answer
    ) async throws(ChatError) -> Answer {
        let application = try await application()
        let id = ChannelID(rawValue: named("channel"))
        let found = try await services.systems.channels.find(id.map { [$0] } ?? [], of: application, at: now).first
        guard case .some(let channel?) = found else { return .problem(.notFound, "channels.missing") }
        return try await answer(ChannelSite(application: application, channel: channel))
    }
}
