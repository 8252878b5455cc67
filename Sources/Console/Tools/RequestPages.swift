import AdminAPI
import Chat
import ChatProtocol
import Emulator
import HTTPTypes
import Hummingbird
import NIOCore

/// The last calls that came to the emulator, whichever application they named.
struct RequestPages: Sendable {
    /// Calls on a page.
    static let rows = 100

    private let services: Services
    private let log: RequestLog

    init(_ services: Services, _ emulator: Console.EmulatorParts) {
        (self.services, log) = (services, emulator.log)
    }

    func add(to routes: Routes) {
        routes.get("apps/:app/tools/requests") { visit throws(ChatError) in .page(try await list(visit)) }
        // What a page that is open asks now and then: whether there is anything new.
        routes.poll("apps/:app/tools/requests.json") { _ throws(ChatError) in
            .response(
                Response(
                    status: .ok,
                    headers: [.contentType: "application/json"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: #"{"newest":\#(log.count)}"#))
                )
            )
        }
        // And the list again, when there is.
        routes.poll("apps/:app/tools/requests.html") { visit throws(ChatError) in .page(try await list(visit)) }
        routes.get("apps/:app/tools/requests/:request") { visit throws(ChatError) in try await one(visit) }
    }

    private struct List: Sendable {
        let tools: Tool.Frame
        let lead: String
        let commands: [Choice]
        let code: String
        let newest: Int
        /// Whether it shows the newest, and so looks for newer ones.
        let isLive: Bool
        let rows: [Row]
        let next: String?
    }

    private struct Row: Sendable {
        let requestID: String
        let time: String
        let iso: String
        let command: String
        let caller: String
        let code: CodeView

        init(_ entry: RequestLog.Entry, _ texts: Texts) {
            let call = entry.call
            (requestID, time, iso) = (call.requestID, entry.time.shown, entry.time.iso)
            command = entry.commandName
            caller = [call.application, call.identifier].compactMap { $0 }.joined(separator: " / ")
            code = CodeView(call.code, texts)
        }
    }

    private func list(_ visit: Visit) async throws(ChatError) -> Page {
        let application = try await visit.application()
        let frame = Tool.Frame(.requests, of: application, visit)
        let (command, code) = (visit.asked("command"), visit.asked("code"))
        let before = Int(visit.asked("before"))
        let newest = log.count
        let found = log.entries.reversed().lazy.filter { entry in
            (before.map { entry.number < $0 } ?? true) && (command.isEmpty || entry.commandName == command)
                && (code.isEmpty || String(entry.call.code.rawValue) == code)
        }.prefix(Self.rows + 1)
        let page = Array(found)
        let query = "command=\(command.percentEncoded)&code=\(code.percentEncoded)"
        let content = List(
            tools: frame,
            lead: visit.texts["tools.requests.lead", ["count": Int64(RequestLog.capacity).grouped]],
            commands: [Choice(value: "", text: visit.texts["tools.requests.everyCommand"], isChosen: command.isEmpty)]
                + services.catalogue.commands.map(\.card.name).map {
                    Choice(value: $0, text: $0, isChosen: $0 == command)
                },
            code: code,
            newest: newest,
            isLive: before == nil,
            rows: page.prefix(Self.rows).map { Row($0, visit.texts) },
            next: page.count > Self.rows
                ? "\(frame.base)/requests?\(query)&before=\(page[Self.rows - 1].number)" : nil
        )
        return Page("requests", title: "tools.requests.title", content, of: application, section: "tools")
    }

    private struct One: Sendable {
        let tools: Tool.Frame
        let row: Row
        let method: String
        let path: String
        let address: String
        let body: String
        let reply: String
        let isCut: Bool
        /// The explorer with the same body, where the command is one of ours.
        let explorer: String?
    }

    private func one(_ visit: Visit) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        guard let entry = log.entry(visit.named("request")) else { return .problem(.notFound, "tools.requests.gone") }
        let frame = Tool.Frame(.requests, of: application, visit)
        let (call, name) = (entry.call, entry.commandName)
        let isKnown = services.catalogue.command(at: call.path) != nil && !entry.isCut
        let content = One(
            tools: frame,
            row: Row(entry, visit.texts),
            method: call.method,
            path: call.path,
            address: call.address,
            body: PrettyJSON.text(call.body),
            reply: PrettyJSON.text(call.reply),
            isCut: entry.isCut,
            explorer: isKnown ? "\(frame.base)/explorer?command=\(name)&from=\(call.requestID)" : nil
        )
        return .page(Page("request", title: call.requestID, content, of: application, section: "tools"))
    }
}

extension RequestLog.Entry {
    /// The last part of the path: the command's name, if it is one.
    fileprivate var commandName: String {
        String(call.path.split(separator: "/").last ?? "/")
    }
}
