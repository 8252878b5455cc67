import AdminAPI
import Chat
import ChatProtocol
import Emulator
import Hummingbird

/// The emulator's clock, and faults for calls to meet.
struct EmulatorPages: Sendable {
    private let services: Services
    private let clock: EmulatorClock
    private let faults: Faults

    init(_ services: Services, _ emulator: Console.EmulatorParts) {
        self.services = services
        (clock, faults) = (emulator.clock, emulator.faults)
    }

    func add(to routes: Routes) {
        routes.get("apps/:app/tools/emulator") { visit throws(ChatError) in .page(try await page(visit)) }
        routes.post("apps/:app/tools/emulator/clock") { visit, form throws(ChatError) in
            try await advance(visit, form)
        }
        routes.post("apps/:app/tools/emulator/faults") { visit, form throws(ChatError) in
            try await addFault(visit, form)
        }
        routes.post("apps/:app/tools/emulator/faults/clear") { visit, _ throws(ChatError) in
            faults.clear()
            return .done("faultsCleared", path: try await path(visit))
        }
    }

    private struct Content: Sendable {
        let tools: Tool.Frame
        let clockTime: String
        let clockISO: String
        let ahead: String
        let amount: String
        let units: [Choice]
        let faults: [FaultRow]
        let commands: [Choice]
        let codes: [CodeView]
        let code: String
        let times: String
        let delay: String
    }

    private struct FaultRow: Sendable {
        let faultCommand: String
        /// Nil for a delay alone.
        let answer: CodeView?
        let count: Int64
        let milliseconds: Int64
    }

    private func path(_ visit: Visit) async throws(ChatError) -> String {
        Tool.Frame(.emulator, of: try await visit.application(), visit).base + "/emulator"
    }

    private func page(
        _ visit: Visit,
        span: TimeSpan = TimeSpan("1", "hours"),
        fault: Form = Form(),
        problem: ChatError? = nil
    ) async throws(ChatError) -> Page {
        let application = try await visit.application()
        let texts = visit.texts
        let isTyped = fault.isOn("command")
        let content = Content(
            tools: Tool.Frame(.emulator, of: application, visit),
            clockTime: clock.now.shown,
            clockISO: clock.now.iso,
            ahead: Self.words(clock.secondsAhead, texts),
            amount: span.typed,
            units: span.choices(texts),
            faults: faults.all.map { one in
                FaultRow(
                    faultCommand: one.command,
                    answer: one.code.map { CodeView($0, texts) },
                    count: one.times,
                    milliseconds: one.delayMilliseconds
                )
            },
            commands: services.catalogue.commands.map(\.card.name).map {
                Choice(value: $0, text: $0, isChosen: $0 == fault["command"])
            },
            codes: ErrorCode.documented.keys.sorted { $0.rawValue < $1.rawValue }.map { CodeView($0, texts) },
            code: fault["code"],
            times: isTyped ? fault["times"] : "1",
            delay: isTyped ? fault["delay"] : "0"
        )
        return Page(
            "emulator",
            title: "tools.emulator.title",
            content,
            of: application,
            section: "tools",
            problem: problem
        )
    }

    private func advance(_ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        let span = TimeSpan(form["amount"], form["unit"])
        guard let seconds = span.seconds, try await clock.advance(bySeconds: seconds) != nil else {
            let problem = ChatError(
                .httpParsingFailed,
                "The clock moves by a number of seconds: \(EmulatorClock.rule)."
            )
            return .page(try await page(visit, span: span, problem: problem))
        }
        return .done("clockAdvanced", path: try await path(visit))
    }

    private func addFault(_ visit: Visit, _ form: Form) async throws(ChatError) -> Answer {
        do throws(ChatError) {
            // What is no number breaks the rule of each.
            _ = try faults.add(
                form["command"],
                code: form["code"].isEmpty ? nil : Int64(form["code"]) ?? -1,
                times: Int64(form["times"]) ?? -1,
                delayMilliseconds: Int64(form["delay"]) ?? -1,
                among: services.catalogue.names
            )
            return .done("faultAdded", path: try await path(visit))
        } catch {
            return .page(try await page(visit, fault: form, problem: error))
        }
    }

    /// Seconds in the two largest units that they fill.
    private static func words(_ seconds: Int64, _ texts: Texts) -> String {
        guard seconds > 0 else { return texts["tools.emulator.notAhead"] }
        var (rest, parts) = (seconds, [String]())
        for unit in TimeSpan.units.reversed() where rest >= unit.value {
            parts.append("\(rest / unit.value) \(texts["tools.short.\(unit.key)"])")
            rest %= unit.value
        }
        return parts.prefix(2).joined(separator: " ")
    }
}
