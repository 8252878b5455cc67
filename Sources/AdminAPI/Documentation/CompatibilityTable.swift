import ChatProtocol

/// `docs/compatibility.md`: every command with its fields, reply, codes and webhooks, in Markdown.
package struct CompatibilityTable: Sendable {
    private let cards: [CommandCard]

    package init(_ cards: [CommandCard]) {
        self.cards = cards
    }

    /// The page, without a newline at its end.
    package var markdown: String {
        ([Self.head, overview, common] + cards.map(section) + [Self.elements]).joined(separator: "\n\n")
    }

    private static let head = """
        # Compatibility

        <!-- Made by `rostrum commands --markdown > docs/compatibility.md`; change the commands' cards instead. -->

        Every command of the REST API as this version has it, from the same cards that the server works by. How a call is
        judged, and what the documentation leaves open, is in [rest-api.md](rest-api.md); `rostrum commands --openapi` gives
        the same as an OpenAPI 3.1 document.
        """

    private var overview: String {
        let rows = cards.map { card in
            let documents = card.isOwn ? "Rostrum's own" : CommandTables.documents(of: card)
            return "| [`\(card.path)`](#\(card.name)) | \(card.summary) | \(card.ordinaryRate) | \(documents) |"
        }
        return CommandTables.table(
            """
            ## The commands

            Calls are `POST /v4/SERVICE/COMMAND`. Calls in a second are those of one application and one command, a limit
            that can be set (`callsPerSecond`); commands with 100 have half of it. What is Rostrum's own, the hosted service
            does not have.
            """,
            "| command | for | calls/s | documents |",
            rows
        )
    }

    private var common: String {
        CommandTables.table(
            """
            ## Codes of every command

            A success has `ErrorCode` 0. Whatever the command, the gateway may answer:
            """,
            "| code | means |",
            CodeFamily.common.map(CommandTables.row)
        )
    }

    private func section(_ card: CommandCard) -> String {
        var parts = ["## \(card.name)", "`/v4/\(card.path)`: \(card.summary)", Self.facts(card)]
        parts.append(CommandTables.fields(of: card, under: "Fields of the request:"))
        parts.append(
            card.reply.isEmpty
                ? "The reply is the envelope alone."
                : CommandTables.reply(of: card, under: "Members of the reply, beside the envelope:")
        )
        parts.append(CommandTables.codes(of: card, under: "Codes beside those of every command:"))
        return parts.joined(separator: "\n\n")
    }

    private static var elements: String {
        let rows = MessageElementType.allCases.flatMap { type in
            type.contentMembers.map { "| `\(type.rawValue)` | `\($0.name)` | \($0.rule) |" }
        }
        return CommandTables.table(
            """
            ## Message elements

            Each item of `MsgBody` is an object with `MsgType` and the object `MsgContent`, whose members are these. Others are
            passed on as they are.
            """,
            "| `MsgType` | member of `MsgContent` | rule |",
            rows
        )
    }

    private static func facts(_ card: CommandCard) -> String {
        var facts = ["\(card.ordinaryRate) calls/s\(card.isHalfRate ? " (half rate)" : "")"]
        if card.isOwn { facts.append("Rostrum's own: the hosted service does not have it") }
        if !card.documents.isEmpty { facts.append("documents: \(CommandTables.documents(of: card))") }
        let webhooks = card.webhooks.map { "`\($0.rawValue)`" }.joined(separator: ", ")
        facts.append(webhooks.isEmpty ? "raises no webhook" : "webhooks: \(webhooks)")
        return facts.map { "- \($0)" }.joined(separator: "\n")
    }
}
