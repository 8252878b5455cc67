import AdminAPI
import ArgumentParser
import ChatProtocol

struct CommandsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commands",
        abstract: "List the commands of the REST API.",
        discussion: "A command's path, how many calls of it an application may make in a second, and what it does."
    )

    enum Form: String, EnumerableFlag {
        case json, markdown, openapi

        static func help(for form: Form) -> ArgumentHelp? {
            switch form {
            case .json: "Print fields, replies and codes as well, as JSON."
            case .markdown: "Print them as docs/compatibility.md."
            case .openapi: "Print them as an OpenAPI 3.1 document."
            }
        }
    }

    @Flag(exclusivity: .exclusive) var form: Form?

    func run() {
        let cards = Catalogue.cards
        switch form {
        case nil: CommandList(cards).lines.forEach(printLine)
        case .json: printLine(CommandList(cards).json.indentedText)
        case .markdown: printLine(CompatibilityTable(cards).markdown)
        case .openapi: printLine(OpenAPIDocument(cards).json.indentedText)
        }
    }
}
