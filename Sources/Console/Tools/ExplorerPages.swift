import AdminAPI
import Chat
import ChatProtocol
import Emulator
import Hummingbird

/// Every command of the REST API to be tried: its sample, its rules, the `curl` line, and what it answers.
struct ExplorerPages: Sendable {
    private let services: Services

    init(_ services: Services) {
        self.services = services
    }

    func add(to routes: Routes) {
        routes.get("apps/:app/tools/explorer") { visit throws(ChatError) in
            let application = try await visit.application()
            guard let command = command(visit.asked("command")) else {
                return .page(page(visit, application, nil))
            }
            return .page(page(visit, application, view(visit, application, command.card, body(visit, command.card))))
        }
        routes.postErrand("apps/:app/tools/explorer") { visit, form throws(ChatError) in
            guard let command = command(form["command"]) else {
                return Errand(changes: false) { () throws(ChatError) in .problem(.notFound, "errors.notFound") }
            }
            return Errand(changes: command.card.changes) { () throws(ChatError) in
                try await run(command, visit, form)
            }
        }
    }

    private struct Content: Sendable {
        let tools: Tool.Frame
        let services: [ServiceView]
        let command: CommandView?
    }

    private struct ServiceView: Sendable {
        let service: String
        let commands: [Entry]
    }

    private struct Entry: Sendable {
        let name: String
        let summary: String
        let changes: Bool
        let isChosen: Bool
    }

    private func command(_ name: String) -> (any Command)? {
        services.catalogue.commands.first { $0.card.name == name }
    }

    /// The sample, or under `rostrum dev` what a call in the request log had.
    private func body(_ visit: Visit, _ card: CommandCard) -> String {
        if let entry = services.emulator?.log.entry(visit.asked("from")), !entry.isCut {
            return PrettyJSON.text(entry.call.body)
        }
        return PrettyJSON.text(.object(card.sample))
    }

    private func run(_ command: any Command, _ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        let application = try await visit.application()
        let body = form.raw("body")
        do throws(ChatError) {
            let call = try await visit.call(for: application).once(form, visit)
            let began = ContinuousClock.now
            let observer = services.emulator?.log
            let reply = await command.reply(to: Array(body.utf8), for: call, seenBy: observer)
            let duration = ContinuousClock.now - began
            reply.logCause(to: visit.logger, requestID: call.requestID)
            let shown = ReplyView(reply, took: duration, visit.texts)
            return .page(page(visit, application, view(visit, application, command.card, body, shown)))
        } catch {
            return .page(page(visit, application, view(visit, application, command.card, body), problem: error))
        }
    }

    private func view(
        _ visit: Visit,
        _ application: Chat.Application,
        _ card: CommandCard,
        _ body: String,
        _ reply: ReplyView? = nil
    ) -> CommandView {
        CommandView(card, body: body, reply: reply, of: application, visit)
    }

    private func page(
        _ visit: Visit,
        _ application: Chat.Application,
        _ command: CommandView?,
        problem: ChatError? = nil
    ) -> Page {
        let cards = services.catalogue.commands.map(\.card)
        let names = cards.reduce(into: [String]()) { names, card in
            if !names.contains(card.service) { names.append(card.service) }
        }
        let content = Content(
            tools: Tool.Frame(.explorer, of: application, visit),
            services: names.map { name in
                ServiceView(
                    service: name,
                    commands: cards.filter { $0.service == name }.map { card in
                        Entry(
                            name: card.name,
                            summary: card.summary,
                            changes: card.changes,
                            isChosen: card.name == command?.commandName
                        )
                    }
                )
            },
            command: command
        )
        return Page(
            "explorer",
            title: command?.commandName ?? "tools.explorer.title",
            content,
            of: application,
            section: "tools",
            problem: problem
        )
    }
}
