import Chat
import ChatProtocol
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

/// What a route answers.
enum Answer: Sendable {
    case page(Page)
    /// Elsewhere in the console, after something was done; with a note that says what.
    ///
    /// - done: a key of the texts, which the next page shows.
    case done(String, path: String)
    /// Elsewhere in the console.
    case redirect(String)
    /// That something went wrong, on a page of its own.
    case problem(HTTPResponse.Status, String)
    /// The same, where an operation says why.
    case refused(ChatError)
    /// Something that is no page: a download, JSON, a stream.
    case response(Response)

    func response(to visit: Visit) async -> Response {
        switch self {
        case .page(let page): return page.response(to: visit)
        case .done(let key, let path):
            let mark = path.contains("?") ? "&" : "?"
            return Response.redirect(to: "\(path)\(mark)done=\(key)", type: .normal)
        case .redirect(let path): return Response.redirect(to: path, type: .normal)
        case .problem(let status, let key):
            return await ProblemPage.make(status, .ofTheConsole(visit.texts[key]), visit).response(to: visit)
        case .refused(let error):
            let status: HTTPResponse.Status =
                error.isInternalFault ? .internalServerError : error.isAbsence ? .notFound : .unprocessableContent
            return await ProblemPage.make(status, error, visit).response(to: visit)
        case .response(let response): return response
        }
    }
}

/// A page: which template, and what it shows.
struct Page: Sendable {
    let template: String
    /// A key of the texts, or the title itself.
    let title: String
    /// What the template finds under `page`.
    let content: any Sendable
    var status = HTTPResponse.Status.ok
    /// Which application's pages it belongs to.
    var application: Chat.Application?
    /// Which entry of the navigation it stands under, such as `channels`.
    var section = ""
    /// Why something was not done.
    var problem: ChatError?
    /// What was typed that the page does not show in its place.
    var unsaved: [Unsaved] = []

    init(
        _ template: String,
        title: String,
        _ content: any Sendable,
        of application: Chat.Application? = nil,
        section: String = "",
        problem: ChatError? = nil,
        status: HTTPResponse.Status = .ok
    ) {
        (self.template, self.title, self.content, self.status) = (template, title, content, status)
        (self.application, self.section, self.problem) = (application, section, problem)
    }

    func response(to visit: Visit) -> Response {
        if let cause = problem?.cause { visit.logger.failed(visit.path, cause) }
        let shell = Shell(self, visit)
        let text = visit.services.templates.render(
            template,
            ["t": visit.texts.tree, "shell": shell, "page": content]
        )
        let status =
            problem == nil ? status : problem?.isInternalFault == true ? .internalServerError : .unprocessableContent
        return Response.html(text, status: status)
    }
}

/// What stands around every page.
struct Shell: Sendable {
    struct Link: Sendable {
        let path: String
        let text: String
        let isCurrent: Bool
    }

    let title: String
    let language: String
    let languages: [Link]
    let path: String
    let operatorName: String
    let roleText: String
    let isOwner: Bool
    /// Whether changing is for this operator; what he cannot do is not offered.
    let mayChange: Bool
    /// Where the visitor signs in, and comes back to this page.
    let signInPath: String
    let formToken: String
    /// For a form that makes or sends something: drawn for this page alone.
    let once: String
    let links: [Link]
    let applicationName: String?
    let applicationPath: String?
    let applicationLinks: [Link]
    /// What was just done.
    let done: String?
    let problem: Refusal?
    let unsaved: [Unsaved]
    let hasUnsaved: Bool
    /// Whether this is `rostrum dev`.
    let isEmulator: Bool

    init(_ page: Page, _ visit: Visit) {
        let texts = visit.texts
        title = texts.find(page.title) ?? page.title
        language = texts.language
        languages = Texts.all.map { Link(path: $0.language, text: $0.name, isCurrent: $0.language == texts.language) }
        path = visit.path
        signInPath = SignInPages.path(backTo: visit.path)
        operatorName = visit.who.name.rawValue
        roleText = texts["operators.roles.\(visit.who.role.rawValue)"]
        isOwner = visit.who.role == .owner
        mayChange = visit.who.role >= .operator
        formToken = visit.session.formToken
        once = visit.services.systems.random.hex(bytes: 16)
        let isOwner = isOwner
        links = Navigation.installation
            .filter { !$0.isForOwners || isOwner }
            .map { $0.link(under: Console.path, section: page.application == nil ? page.section : "", texts) }
        if let application = page.application {
            let path = "\(Console.path)/apps/\(application.id)"
            applicationPath = path
            applicationName = application.name.isEmpty ? "\(application.id)" : application.name
            applicationLinks = Navigation.application
                .filter { !$0.isForEmulator || visit.services.emulator != nil }
                .filter { !$0.isForOwners || isOwner }
                .map { $0.link(under: path, section: page.section, texts) }
        } else {
            (applicationName, applicationPath, applicationLinks) = (nil, nil, [])
        }
        // Only what stands in the texts is shown, whatever a link says.
        done = page.problem == nil ? texts.find("done.\(visit.asked("done"))") : nil
        problem = page.problem.map { Refusal($0, texts) }
        (unsaved, hasUnsaved) = (page.unsaved, !page.unsaved.isEmpty)
        isEmulator = visit.services.emulator != nil
    }
}

/// The ways from page to page.
struct Navigation: Sendable {
    let section: String
    let path: String
    var isForOwners = false
    var isForEmulator = false

    static let installation = [
        Navigation(section: "apps", path: "/apps"),
        Navigation(section: "monitor", path: "/monitor"),
        Navigation(section: "operators", path: "/operators", isForOwners: true),
        Navigation(section: "audit", path: "/audit"),
    ]

    static let application: [Navigation] = [
        Navigation(section: "overview", path: ""),
        Navigation(section: "channels", path: "/channels"),
        Navigation(section: "accounts", path: "/accounts"),
        Navigation(section: "webhooks", path: "/webhooks"),
        Navigation(section: "tools", path: "/tools"),
        Navigation(section: "applicationAudit", path: "/audit"),
        Navigation(section: "settings", path: "/settings", isForOwners: true),
    ]

    func link(under base: String, section current: String, _ texts: Texts) -> Shell.Link {
        Shell.Link(path: base + path, text: texts["nav.\(section)"], isCurrent: section == current)
    }
}
