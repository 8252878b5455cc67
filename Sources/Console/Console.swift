package import AdminAPI
package import Chat
package import Emulator
import HTTPTypes
package import Hummingbird
package import Logging
import ChatProtocol
import Mustache
import Web

/// The operator's web pages, under `/console`.
///
/// Every page is made on the server and works without JavaScript for reading. What changes something calls the operation
/// of `Chat` that the REST command calls too; no rule stands here. Who may do what is a matter of the route, see
/// ``Routes``.
package struct Console: Sendable {
    /// Under which path the pages are.
    package static let path = "/console"

    /// What belongs to the emulator; its pages are there only under `rostrum dev`.
    package struct EmulatorParts: Sendable {
        package let clock: EmulatorClock
        package let faults: Faults
        package let log: RequestLog

        package init(clock: EmulatorClock, faults: Faults, log: RequestLog) {
            (self.clock, self.faults, self.log) = (clock, faults, log)
        }
    }

    private let responder: any HTTPResponder<Context>
    private let crossSiteGuard: CrossSiteGuard
    private let logger: Logger

    /// - Parameters:
    ///   - catalogue: the commands, for the explorer.
    ///   - addresses: under which addresses people reach the console.
    ///   - emulator: nil in production.
    ///   - monitor: what this node does.
    package init(
        _ systems: Systems,
        catalogue: Catalogue,
        addresses: ConsoleAddresses,
        emulator: EmulatorParts?,
        monitor: Monitor,
        logger: Logger
    ) {
        let services = Services(
            systems: systems,
            catalogue: catalogue,
            addresses: addresses,
            emulator: emulator,
            monitor: monitor
        )
        let router = Router(context: Context.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: ProblemPages(services: services))
        let routes = Routes(router.group(RouterPath(Self.path)), services)
        for (path, file) in WebFile.console { routes.file(path, file) }
        AccountImportPages(services).add(to: routes)
        AccountPages(services).add(to: routes)
        ApplicationPages(services).add(to: routes)
        ChannelPages(services).add(to: routes)
        ComposePages(services).add(to: routes)
        MonitorPages(services).add(to: routes)
        OperatorPages(services).add(to: routes)
        PostPages(services).add(to: routes)
        SettingsPages(services).add(to: routes)
        SignInPages(services).add(to: routes)
        SubscriberPages(services).add(to: routes)
        ToolPages(services).add(to: routes)
        WebhookPages(services).add(to: routes)
        responder = router.buildResponder()
        crossSiteGuard = CrossSiteGuard(addresses: addresses)
        self.logger = logger
    }

    /// Whether a path is one of the console's.
    package static func covers(_ path: some StringProtocol) -> Bool {
        path == Self.path || path.hasPrefix(Self.path + "/")
    }

    /// - Parameter address: the visitor's IP address.
    package func respond(to request: Request, from address: String) async -> Response {
        let isSecure =
            request.head.scheme == "https" || crossSiteGuard.addresses.areSecure(host: request.head.authority ?? "")
        var response: Response
        if let refusal = crossSiteGuard.refusal(of: request) {
            response = refusal
        } else {
            response = await answer(
                request,
                Context(
                    source: Visitor(
                        address: address,
                        isSecure: isSecure,
                        isForwarded: request.headers.contains(.xForwardedFor) || request.headers.contains(.forwarded),
                        logger: logger
                    )
                )
            )
        }
        SecurityHeaders.add(to: &response)
        return response
    }

    private func answer(_ request: Request, _ context: Context) async -> Response {
        do {
            return try await responder.respond(to: request, context: context)
        } catch {
            let status = (error as? any HTTPResponseError)?.status ?? .internalServerError
            if status.kind == .serverError { logger.failed(request.uri.path, error) }
            return Response.plain(status, "\(status)\n")
        }
    }
}

/// What the pages work with.
struct Services: Sendable {
    let systems: Systems
    let catalogue: Catalogue
    let addresses: ConsoleAddresses
    let emulator: Console.EmulatorParts?
    let monitor: Monitor
    let templates = Templates()
}

/// Who sent a request.
struct Visitor: RequestContextSource {
    let address: String
    let isSecure: Bool
    /// Whether a proxy sent the request on.
    let isForwarded: Bool
    let logger: Logger
}

/// What is known of a request while it is answered.
struct Context: RequestContext {
    typealias Source = Visitor

    var coreContext: CoreRequestContextStorage
    let visitor: Visitor

    init(source visitor: Visitor) {
        coreContext = CoreRequestContextStorage(source: visitor)
        self.visitor = visitor
    }
}
