import ChatProtocol

/// `docs/commands`: a page for each command, with a sample that can be run as it stands.
package struct CommandPages: Sendable {
    package struct File: Sendable {
        /// In the folder.
        package let name: String
        package let text: String
    }

    private let cards: [CommandCard]

    package init(_ cards: [CommandCard]) {
        self.cards = cards
    }

    /// The list of commands, then their pages.
    package var files: [File] {
        [File(name: "README.md", text: overview + "\n")]
            + cards.map { File(name: "\($0.name).md", text: page($0) + "\n") }
    }

    private static let notice = "<!-- Made by `make docs`; change the command's card instead. -->"

    // MARK: The list

    private var overview: String {
        let services = cards.map(\.service).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        let head = """
            # Commands

            \(Self.notice)

            Every command of the REST API has a page: what it takes, what it answers, which codes and webhooks it has, and a
            sample that can be pasted into a shell while [`rostrum dev`](../quick-start.md) runs. How all of them are called and
            judged is in [rest-api.md](../rest-api.md). The same on one page is [compatibility.md](../compatibility.md), for
            programs `rostrum commands --json` and `--openapi`.
            """
        return ([head] + services.map(section)).joined(separator: "\n\n")
    }

    private func section(_ service: String) -> String {
        let own = service == CommandCard.ownService ? " (Rostrum's own)" : ""
        let rows = cards.filter { $0.service == service }.map { "| [`\($0.name)`](\($0.name).md) | \($0.summary) |" }
        return CommandTables.table("## \(service)\(own)", "| command | for |", rows)
    }

    // MARK: A command

    private func page(_ card: CommandCard) -> String {
        [
            "# \(card.name)", Self.notice, card.summary, "`POST /v4/\(card.path)`", facts(card), sample(card),
            CommandTables.fields(of: card, under: "## Fields") + elements(card),
            card.reply.isEmpty
                ? "## Reply\n\nThe envelope alone: `ActionStatus`, `ErrorCode`, `ErrorInfo`, `RequestId`."
                : CommandTables.reply(of: card, under: "## Reply\n\nBeside the envelope:"),
            CommandTables.codes(
                of: card,
                under: """
                    ## Codes

                    Beside [those of every command](../compatibility.md#codes-of-every-command):
                    """
            ),
        ].joined(separator: "\n\n")
    }

    private func facts(_ card: CommandCard) -> String {
        var facts = [
            "At most \(card.ordinaryRate) calls a second of one application; `callsPerSecond` changes it "
                + "([limits](../operating.md#limits))."
        ]
        if card.changes {
            facts.append("It writes: an `Idempotency-Key` makes a retry safe ([retrying](../rest-api.md#retrying)).")
        }
        if !card.webhooks.isEmpty {
            let names = card.webhooks.map { "`\($0.rawValue)`" }.joined(separator: ", ")
            facts.append("Webhooks: \(names) ([the eleven](../webhooks.md#the-eleven)).")
        }
        if card.isOwn {
            facts.append("Rostrum's own: the hosted service does not have it.")
        } else if !card.documents.isEmpty {
            facts.append("The hosted service's pages: \(CommandTables.documents(of: card)).")
        }
        return facts.map { "- \($0)" }.joined(separator: "\n")
    }

    private func elements(_ card: CommandCard) -> String {
        guard card.fields.contains(where: { $0.name == "MsgBody" }) else { return "" }
        return "\n\nWhat `MsgBody` may hold is listed under [message elements](../compatibility.md#message-elements)."
    }

    // MARK: The sample

    private func sample(_ card: CommandCard) -> String {
        var parts = [
            """
            ## Try it

            With [`rostrum dev`](../quick-start.md) running, once in a shell:

            ```sh
            SIG=$(rostrum usersig --app 88888888 --user administrator)
            ADMIN="sdkappid=88888888&identifier=administrator&usersig=$SIG&random=99999999&contenttype=json"
            call() { curl -s "http://127.0.0.1:8080/v4/$1?$ADMIN" -d "$2"; echo; }
            ```
            """
        ]
        let before = SampleStory.before(card.name).compactMap { name in cards.first { $0.name == name } }
        if !before.isEmpty {
            parts.append(
                "What the sample speaks of:\n\n```sh\n\(before.map(Self.preparation).joined(separator: "\n"))\n```"
            )
        }
        let body = JSONValue.object(card.sample).indentedText
        parts.append("The call:\n\n```sh\ncall \(card.path) '\(Self.inShell(body))'\n```")
        if let reply = SampleStory.reply(card.name) {
            parts.append(
                "The reply, but for times and the keys that hold one:\n\n```json\n\(Self.envelope(around: reply))\n```"
            )
        }
        return parts.joined(separator: "\n\n")
    }

    /// A call that comes before the sample; of a broadcast the key is kept.
    private static func preparation(_ card: CommandCard) -> String {
        var body: [UInt8] = []
        JSONValue.object(card.sample).write(to: &body)
        let call = "call \(card.path) '\(inShell(String(decoding: body, as: UTF8.self)))'"
        guard card.reply.contains(where: { $0.name == "MsgKey" }) else { return call }
        return "KEY=$(\(call) | sed 's/.*\"MsgKey\":\"\\([^\"]*\\)\".*/\\1/')"
    }

    /// The key of the samples is the one that was kept; no sample has a quotation mark of the shell.
    private static func inShell(_ json: String) -> String {
        json.split(separator: SampleStory.key, omittingEmptySubsequences: false).joined(separator: "'$KEY'")
    }

    private static func envelope(around payload: JSONObject) -> String {
        let envelope: JSONObject = [
            "ActionStatus": .string("OK"), "ErrorCode": .integer(0), "ErrorInfo": .string(""),
            "RequestId": .string("…"),
        ]
        return JSONValue.object(JSONObject(envelope.members + payload.members)).indentedText
    }
}
