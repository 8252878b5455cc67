import Chat
import ChatProtocol
import Emulator
import Hummingbird

/// What helps a developer to find out why his call failed, and to try another.
struct ToolPages: Sendable {
    private let services: Services

    init(_ services: Services) {
        self.services = services
    }

    func add(to routes: Routes) {
        routes.get("apps/:app/tools") { visit throws(ChatError) in try await overview(visit) }
        UserSigPages(services).add(to: routes)
        ExplorerPages(services).add(to: routes)
        if let emulator = services.emulator {
            RequestPages(services, emulator).add(to: routes)
            EmulatorPages(services, emulator).add(to: routes)
        }
    }

    private struct Overview: Sendable {
        let tools: Tool.Frame
        let cards: [Card]
        /// The `RequestId` that was looked for; nil when none was.
        let request: String?
        let changes: [AuditView.Row]
        let line: String
    }

    private struct Card: Sendable {
        let path: String
        let title: String
        let text: String
    }

    /// The way in: what there is, and what to do about a call that failed.
    private func overview(_ visit: Visit) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        let frame = Tool.Frame(.overview, of: application, visit)
        let request = visit.asked("request")
        if !request.isEmpty, services.emulator?.log.entry(request) != nil {
            return .redirect("\(frame.base)/requests/\(request)")
        }
        let isRequestID = (1...64).contains(request.utf8.count) && request.utf8.allSatisfy(Self.isInRequestID)
        let changes =
            isRequestID ? try await services.systems.applications.audit(of: application.id, request: request) : []
        let content = Overview(
            tools: frame,
            cards: frame.links.dropFirst().map { link in
                let tool = link.path.split(separator: "/").last ?? ""
                return Card(path: link.path, title: link.text, text: visit.texts["tools.\(tool).lead"])
            },
            request: request.isEmpty ? nil : request,
            changes: AuditView(changes, path: "").rows,
            line: "grep 'request.id=\(isRequestID ? request : "REQUESTID")'"
        )
        return .page(Page("tools", title: "nav.tools", content, of: application, section: "tools"))
    }

    private static func isInRequestID(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): true
        default: false
        }
    }
}

/// The tabs that the tools stand under, in their order.
enum Tool: String, CaseIterable {
    case overview, usersig, explorer, requests, emulator

    private var isForEmulator: Bool { self == .requests || self == .emulator }

    /// What stands around every tool.
    struct Frame: Sendable {
        /// Where the tools of the application are.
        let base: String
        let links: [Shell.Link]

        init(_ tool: Tool, of application: Chat.Application, _ visit: Visit) {
            let base = "\(Console.path)/apps/\(application.id)/tools"
            self.base = base
            links = Tool.allCases.filter { !$0.isForEmulator || visit.services.emulator != nil }.map { one in
                Shell.Link(
                    path: one == .overview ? base : "\(base)/\(one.rawValue)",
                    text: visit.texts["tools.\(one.rawValue).title"],
                    isCurrent: one == tool
                )
            }
        }
    }
}

/// A code of a reply and what it means.
struct CodeView: Sendable {
    let number: Int
    let meaning: String
    /// Of the meaning; what is documented is so in English.
    let language: String
    let isGood: Bool

    init(_ code: ErrorCode, _ texts: Texts) {
        (number, isGood) = (code.rawValue, code == .ok)
        (meaning, language) =
            if code == .ok {
                (texts["tools.code.ok"], texts.language)
            } else if let meaning = ErrorCode.documented[code] {
                (meaning, "en")
            } else if ErrorCode.webhookCodes.contains(code.rawValue) {
                (texts["tools.code.webhook"], texts.language)
            } else {
                (texts["tools.code.unknown"], texts.language)
            }
    }
}

/// A length of time as a form asks for it: a number and a unit.
struct TimeSpan: Sendable {
    static let units: KeyValuePairs<String, Int64> = ["seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400]

    /// Nil when what was typed is no number, or too large a one.
    let seconds: Int64?
    let typed: String
    private let unit: String

    init(_ amount: String, _ unit: String) {
        (typed, self.unit) = (amount, unit)
        let factor = Self.units.first { $0.key == unit }?.value
        guard let factor, let number = Int64(digits: amount) else {
            seconds = nil
            return
        }
        let (product, overflows) = number.multipliedReportingOverflow(by: factor)
        seconds = overflows ? nil : product
    }

    func choices(_ texts: Texts) -> [Choice] {
        Self.units.map { Choice(value: $0.key, text: texts["tools.units.\($0.key)"], isChosen: $0.key == unit) }
    }
}
