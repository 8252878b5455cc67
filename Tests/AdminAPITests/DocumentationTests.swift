import AdminAPI
import Chat
import ChatProtocol
import FoundationEssentials
import RostrumTesting
import Testing

/// What is made from the cards: the page in docs, the list and the OpenAPI document.
@Suite struct DocumentationTests {
    @Test("docs/compatibility.md is what the generator makes")
    func compatibilityPage() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let page = FileManager.default.contents(atPath: root + "/docs/compatibility.md") ?? Data()

        #expect(
            String(decoding: page, as: UTF8.self) == CompatibilityTable(Catalogue.cards).markdown + "\n",
            "docs/compatibility.md is stale; renew it: .build/debug/rostrum commands --markdown > docs/compatibility.md"
        )
    }

    @Test("the page has every command with all its fields, members, codes, documents and webhooks")
    func completePage() throws {
        let sections = CompatibilityTable(Catalogue.cards).markdown.components(separatedBy: "\n## ")
        for card in Catalogue.cards {
            let section = try #require(sections.first { $0.hasPrefix(card.name + "\n") }, "\(card.name)")
            #expect(section.contains("`/v4/\(card.path)`") && section.contains(card.summary))
            for field in card.fields.flatMap({ [$0] + $0.inner }) {
                #expect(section.contains("\(field.name)` | "), "\(card.name) \(field.name)")
                #expect(section.contains("| \(field.sentence) |"), "\(card.name) \(field.name)")
                #expect(field.aliases.allSatisfy(field.sentence.contains))
            }
            for member in card.reply.flatMap({ [$0] + $0.inner }) {
                #expect(section.contains("\(member.name)` | \(member.value.words) | \(member.sentence) |"))
            }
            for code in card.errors + card.codes.all { #expect(section.contains("\n| \(code.rawValue) | ")) }
            for document in card.documents { #expect(section.contains("/document/product/\(document)")) }
            for webhook in card.webhooks { #expect(section.contains("`\(webhook.rawValue)`")) }
            #expect(section.contains("half rate") == card.isHalfRate)
            #expect(section.contains("120001–130000") == card.answersWebhookCodes)
        }
        let elements = try #require(sections.first { $0.hasPrefix("Message elements") })
        for type in MessageElementType.allCases {
            let content = try #require(type.schema.json["properties"]?["MsgContent"])
            let members = content["properties"]?.object?.members ?? []
            for member in members { #expect(elements.contains("| `\(type.rawValue)` | `\(member.name)` | ")) }
        }
        let common = try #require(sections.first { $0.hasPrefix("Codes of every command") })
        #expect(CodeFamily.common.allSatisfy { common.contains("\n| \($0.rawValue) | ") })
    }

    @Test("every table row has as many cells as its head")
    func tables() {
        var columns: Int?
        for line in CompatibilityTable(Catalogue.cards).markdown.split(
            separator: "\n",
            omittingEmptySubsequences: false
        ) {
            guard line.hasPrefix("|") else {
                columns = nil
                continue
            }
            let cells = line.count { $0 == "|" }
            #expect(columns ?? cells == cells, "\(line)")
            columns = cells
        }
    }

    @Test("every webhook of the family is raised by a command, and those of a webhook that may refuse tell so")
    func webhooks() {
        #expect(Set(Catalogue.cards.flatMap(\.webhooks)) == Set(WebhookCommand.allCases))
        for card in Catalogue.cards {
            #expect(card.errors.contains(.webhookFailed) == card.webhooks.contains(where: \.isBefore), "\(card.name)")
        }
    }

    @Test("the gateway's codes are those of the specification, and all codes are documented")
    func codes() {
        #expect(Set(CodeFamily.common) == DocumentedCode.common)
        for code in CodeFamily.common + Catalogue.cards.flatMap(\.ownCodes) {
            #expect(ErrorCode.documented[code] != nil, "\(code.rawValue)")
        }
    }

    @Test("the cards are those of the commands that a server has")
    func cards() async throws {
        try await StorageEngine.sqlite.withAPI { api in
            #expect(api.catalogue.commands.map { type(of: $0).card.path } == Catalogue.cards.map(\.path))
        }
    }

    @Test("the list has a line for each command: path, rate and summary")
    func list() throws {
        let lines = CommandList(Catalogue.cards).lines
        #expect(lines.count == Catalogue.cards.count)
        for (line, card) in zip(lines, Catalogue.cards) {
            #expect(line.hasPrefix(card.path + " "))
            #expect(line.hasSuffix(" \(card.isHalfRate ? 100 : 200)/s  \(card.summary)"), "\(line)")
        }
    }

    @Test("the list for programs names every field, member and code")
    func jsonList() throws {
        let items = CommandList(Catalogue.cards).json.items
        #expect(items.count == Catalogue.cards.count)
        for (item, card) in zip(items, Catalogue.cards) {
            #expect(item["path"]?.text == "/v4/" + card.path)
            #expect(item["fields"]?.items.map { $0["name"]?.text } == card.fields.map(\.name))
            #expect(item["reply"]?.items.map { $0["name"]?.text } == card.reply.map(\.name))
            #expect(item["errors"]?.items.map { $0["code"]?.integer } == card.ownCodes.map { Int64($0.rawValue) })
            #expect(item["webhooks"]?.items.map(\.text) == card.webhooks.map(\.rawValue))
        }
    }

    @Test("the OpenAPI document has a POST for each command, with the parameters of the URL")
    func openAPI() throws {
        let document = OpenAPIDocument(Catalogue.cards).json
        #expect(document["info"]?["version"]?.text == Release.version)
        #expect(document["paths"]?.object?.members.map(\.name) == Catalogue.cards.map { "/v4/" + $0.path })
        for card in Catalogue.cards {
            let item = try #require(document["paths"]?["/v4/" + card.path]?.object)
            #expect(item.members.map(\.name) == ["post"])
            let post = try #require(item["post"])
            let parameters = post["parameters"]?.items.compactMap { $0["$ref"]?.text?.split(separator: "/").last }
            #expect(
                parameters == ["sdkappid", "identifier", "usersig", "random", "contenttype", "Idempotency-Key"]
            )
            #expect(post["responses"]?.object?.members.map(\.name) == ["200"])
            let body = post["requestBody"]?["content"]?["application/json"]?["schema"]?.object
            #expect(body == card.fields.schema.json)
        }
    }

    @Test("a parameter's schema takes what the server takes")
    func parameters() async throws {
        let document = OpenAPIDocument(Catalogue.cards).json
        try await StorageEngine.sqlite.withAPI { api in
            for (name, value, isRight) in [
                ("random", "0", true), ("random", "4294967295", true), ("random", "4294967296", false),
                ("random", "-1", false), ("contenttype", #""json""#, true), ("contenttype", #""xml""#, false),
                ("identifier", #""administrator""#, true), ("identifier", #""a b""#, false),
                ("sdkappid", SDKAppID.example.description, true), ("sdkappid", "0", false),
                ("usersig", #""""#, false),
            ] {
                let schema = try #require(document["components"]?["parameters"]?[name]?["schema"])
                let text = value.filter { $0 != "\"" }
                let reply = try await api.call("account_check", #"{"CheckItem":[{"UserID":"a"}]}"#, query: [name: text])
                let faults = SchemaChecker.document.faults(in: JSONValue(value), by: JSONSchema(schema))
                #expect(faults.isEmpty == isRight && (reply.code == .ok) == isRight, "\(name) \(value): \(reply.info)")
            }
        }
    }
}
