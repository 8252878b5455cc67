import AdminAPI
import ArgumentParser
import ChatProtocol
import FoundationEssentials
import Server

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

    @Option(help: ArgumentHelp("Write a page for each into this directory, as docs/commands.", valueName: "DIR"))
    var pages: String?

    func validate() throws {
        if form != nil, pages != nil { throw ValidationError("Give --pages or a form, not both.") }
    }

    func run() throws {
        let cards = Catalogue.cards
        if let pages { return try write(CommandPages(cards).files, into: pages) }
        switch form {
        case nil: CommandList(cards).lines.forEach(printLine)
        case .json: printLine(CommandList(cards).json.indentedText)
        case .markdown: printLine(CompatibilityTable(cards).markdown)
        case .openapi: printLine(OpenAPIDocument(cards).json.indentedText)
        }
    }

    private func write(_ files: [CommandPages.File], into directory: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            for file in files {
                try Data(file.text.utf8).write(to: URL(filePath: directory).appending(path: file.name))
            }
        } catch {
            throw StartError("\(directory) cannot be written: \(error)")
        }
    }
}
