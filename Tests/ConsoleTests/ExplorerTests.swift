import AdminAPI
import Chat
import ChatProtocol
import Console
import Emulator
import HTTPTypes
import RostrumTesting
import Testing

/// The API explorer.
@Suite struct ExplorerTests {
    private static let page = Browser.path("tools/explorer")

    private func withBrowser(
        _ role: OperatorRole,
        emulator: Bool = false,
        _ body: (Browser, TestInstallation) async throws -> Void
    ) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            var browser = try await Browser(installation, emulator: emulator)
            try await browser.signIn(role)
            try await body(browser, installation)
        }
    }

    @Test("every command has its page with sample, rules, codes and curl line", arguments: Catalogue.cards.map(\.name))
    func page(command: String) async throws {
        try await withBrowser(.readOnly) { browser, _ in
            let card = try #require(Catalogue.cards.first { $0.name == command })
            #expect(try await browser.get(Self.page).text.contains("explorer?command=\(command)\""))

            let text = try await browser.get(Self.page + "?command=\(command)").text

            #expect(text.contains("/v4/\(card.path)") && text.contains("&amp;usersig=USERSIG&amp;"))
            for field in card.fields + card.fields.flatMap(\.inner) { #expect(text.contains("\(field.name)</code>")) }
            for code in card.ownCodes { #expect(text.contains("<code>\(code.rawValue)</code>")) }
            let first = try #require(card.sample.members.first)
            #expect(text.contains("spellcheck=\"false\"") && text.contains(">{\n"), "the body begins at once")
            #expect(text.contains("  &quot;\(first.name)&quot;: "))
            #expect(text.contains("disabled>") == card.changes)
            #expect(text.utf8.count < 100_000)
        }
    }

    @Test("under the emulator a call meets the faults, and is in the request log")
    func observed() async throws {
        try await withBrowser(.operator, emulator: true) { browser, _ in
            let emulator = try #require(browser.emulator)
            let fields = ["command": "account_check", "code": "20005", "times": "1", "delay": "0"]
            #expect(try await browser.post(Browser.path("tools/emulator/faults"), fields).status == .seeOther)
            let body = #"{"CheckItem":[{"UserID":"anna"}]}"#

            let first = try await browser.post(Self.page, ["command": "account_check", "body": body])
            let second = try await browser.post(Self.page, ["command": "account_check", "body": body])

            #expect(first.has("bad\">20005</span>") && second.has("ActionStatus&quot;: &quot;OK&quot;"))
            #expect(emulator.log.entries.map(\.call.code.rawValue) == [20005, 0])
        }
    }

    @Test("a command runs in the application, and the reply is explained")
    func runs() async throws {
        try await withBrowser(.operator) { browser, installation in
            let reply = try await browser.post(
                Self.page,
                ["command": "account_import", "body": "{\r\n\"UserID\":\"anna\"}"]
            )

            #expect(reply.status == .ok && reply.text.contains("ActionStatus&quot;: &quot;OK&quot;"))
            let entries = try await installation.audit()
            #expect(entries.contains { $0.action == "account_import" && $0.caller == "operator:operator" })

            let refused = try await browser.post(Self.page, ["command": "kick", "body": #"{"UserID":"ghost"}"#])
            let meaning = try #require(ErrorCode.documented[.accountNotImported])
            #expect(refused.text.contains("bad\">70107</span> <span lang=\"en\">\(meaning)"))
        }
    }

    @Test("a body is kept as it was typed, as text, in the field and in the curl line")
    func keepsBody() async throws {
        try await withBrowser(.readOnly) { browser, _ in
            let body = "</textarea><script>alert('1')</script>"
            let reply = try await browser.post(Self.page, ["command": "account_check", "body": body])

            #expect(!reply.text.contains("<script>alert") && !reply.text.contains("</textarea><script"))
            #expect(reply.text.contains("&lt;/textarea&gt;&lt;script&gt;alert("))
            #expect(reply.text.contains(#"\&#39;"#) && reply.text.contains("60003"))
        }
    }

    /// By no command, whatever its body: what may be done is judged before anything is.
    @Test("an operator who only reads changes nothing", arguments: Catalogue.cards.map(\.name))
    func readOnly(command: String) async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let faulty = FaultyDatabase(database)
            let installation = TestInstallation(database: faulty)
            _ = try await installation.applications.create(.example(), by: installation.operation())
            try await installation.importAccounts("107867", "anna")
            let channel = NewChannel.example(id: ChannelID("@TOA#_harbour_news"), owner: UserID("107867"))
            if command != "create_official_account" {
                _ = try await installation.channels.create(channel, for: installation.call())
            }
            var browser = try await Browser(installation)
            try await browser.signIn(.readOnly)
            let card = try #require(Catalogue.cards.first { $0.name == command })
            let sample = JSONValue.object(card.sample).indentedText

            let before = try await installation.audit()
            let writes = faulty.writes
            let reply = try await browser.post(Self.page, ["command": command, "body": sample])

            #expect(reply.status == (card.changes ? .forbidden : .ok))
            #expect(try await installation.audit() == before)
            #expect(faulty.writes == writes)
        }
    }

    @Test("what is no command is not found, without a token nothing runs, and no admin is a reason")
    func refusals() async throws {
        try await withBrowser(.owner) { browser, installation in
            #expect(try await browser.post(Self.page, ["command": "nothing", "body": "{}"]).status == .notFound)
            let body = #"{"UserID":"anna"}"#
            let forged = try await browser.post(Self.page, ["command": "account_import", "body": body], token: "0")
            #expect(forged.status == .forbidden)
            #expect(
                try await installation.accounts.imported(among: [UserID("anna")], of: installation.application())
                    .isEmpty
            )
            _ = try await installation.applications
                .removeAdmin(.administrator, from: .example, by: installation.operation())
            let refused = try await browser.post(Self.page, ["command": "account_import", "body": body])
            #expect(refused.status == .unprocessableContent && refused.text.contains("has no admin"))
        }
    }

    @Test("under the emulator a call of the log can be tried again")
    func fromTheLog() async throws {
        try await withBrowser(.readOnly, emulator: true) { browser, _ in
            var call = AnsweredCall(requestID: "abc-1", method: "POST", path: "/v4/x/kick", address: "127.0.0.1")
            call.body = Array(#"{"UserID":"from the log"}"#.utf8)
            let parts = try #require(browser.emulator)
            parts.log.answered(call)

            let text = try await browser.get(Self.page + "?command=kick&from=abc-1").text

            #expect(text.contains("from the log"))
            #expect(text.contains("curl -X POST &#39;http://127.0.0.1:8080/v4/"))
        }
    }
}
