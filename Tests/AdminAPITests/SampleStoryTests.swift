import AdminAPI
import Chat
import ChatProtocol
import FoundationEssentials
import RostrumTesting
import Testing

/// The pages of docs/commands: what they say of each command, and that their samples are answered as they say.
@Suite struct SampleStoryTests {
    @Test("a sample is answered as its page says", arguments: Catalogue.cards.map(\.name))
    func replies(command: String) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            let installation = api.installation
            try await installation.importAccounts("107867")
            installation.clock.advance(seconds: SampleStory.start - installation.clock.now.seconds)

            for name in SampleStory.before(command) {
                let sample = try #require(api.card(name)).sample
                #expect(try await api.call(name, sample).code == .ok, "\(name)")
            }
            let reply = try await api.call(command, try #require(api.card(command)).sample)

            #expect(reply.code == .ok, "\(reply.info)")
            let documented = try #require(SampleStory.reply(command))
            #expect(JSONValue.object(reply.payload).indentedText == JSONValue.object(documented).indentedText)
        }
    }

    @Test("docs/commands is what the generator makes")
    func pages() throws {
        let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let files = CommandPages(Catalogue.cards).files
        for file in files {
            let page = FileManager.default.contents(atPath: "\(root)/docs/commands/\(file.name)") ?? Data()
            #expect(String(decoding: page, as: UTF8.self) == file.text, "\(file.name) is stale: run `make docs`")
        }
        let there = try FileManager.default.contentsOfDirectory(atPath: "\(root)/docs/commands")
        #expect(Set(there) == Set(files.map(\.name)))
    }

    @Test("a page has all fields, members, codes, documents and webhooks of its command")
    func completePages() throws {
        let files = CommandPages(Catalogue.cards).files
        for card in Catalogue.cards {
            let page = try #require(files.first { $0.name == "\(card.name).md" }?.text)
            #expect(page.hasPrefix("# \(card.name)\n") && page.contains("`POST /v4/\(card.path)`"))
            for field in card.fields.flatMap({ [$0] + $0.inner }) {
                #expect(page.contains("\(field.name)` | ") && page.contains("| \(field.sentence) |"), "\(field.name)")
            }
            for member in card.reply.flatMap({ [$0] + $0.inner }) {
                #expect(page.contains("\(member.name)` | \(member.value.words) | \(member.sentence) |"))
            }
            for code in card.ownCodes { #expect(page.contains("\n| \(code.rawValue) | ")) }
            for document in card.documents { #expect(page.contains("/document/product/\(document)")) }
            for webhook in card.webhooks { #expect(page.contains("`\(webhook.rawValue)`")) }
            #expect(page.contains("Idempotency-Key") == card.changes)
            // A sample stands between quotation marks of the shell.
            #expect(!JSONValue.object(card.sample).indentedText.contains("'"), "\(card.name)")
            #expect(files[0].text.contains("[`\(card.name)`](\(card.name).md) | \(card.summary) |"))
        }
    }
}
