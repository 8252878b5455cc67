import Chat
import ChatProtocol
import HTTPTypes
import RostrumTesting
import Testing

/// Signs that a reader takes for one character together with a mark, and a browser does not.
@Suite struct EscapingTests {
    private static let channels = "/console/apps/1400000001/channels"
    private static let webhooks = "/console/apps/1400000001/webhooks"
    private static let accounts = "/console/apps/1400000001/accounts"
    /// A `"` and a `'` that would end an attribute, and a `<` that would begin an element.
    private static let text = "x\"\u{301} autofocus '\u{301} \u{600}<img src=y> &\u{301}"
    private static let escaped =
        "x&quot;\u{301} autofocus &#39;\u{301} \u{600}&lt;img src=y&gt; &amp;\u{301}"

    /// By bytes: comparing texts goes by what is one character.
    private func has(_ part: String, _ reply: Browser.Reply) -> Bool {
        Array(reply.text.utf8).contains(Array(part.utf8))
    }

    private func expectEscaped(_ reply: Browser.Reply, _ parts: String..., at place: SourceLocation = #_sourceLocation)
    {
        for part in parts { #expect(has(part, reply), "\(part)", sourceLocation: place) }
        for part in ["\"\u{301}", "'\u{301}", "\u{600}<", "&\u{301}"] {
            #expect(!has(part, reply), "\(part)", sourceLocation: place)
        }
    }

    @Test("the nick of an account, in text and in its field")
    func nick() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .operator)
            let form = ["id": "anna", "nick": Self.text, "face": Self.text]
            #expect(try await browser.post(Self.accounts, form).status == .seeOther)

            expectEscaped(try await browser.get("\(Self.accounts)/anna"), "value=\"\(Self.escaped)\"")
            expectEscaped(try await browser.get(Self.accounts), ">\(Self.escaped)<")
            let refused = try await browser.post(Self.accounts, form, more: ["id": Self.text])
            expectEscaped(refused, "name=\"id\" value=\"\(Self.escaped)\"")
        }
    }

    @Test("the name and the introduction of a channel, on its pages and in its form")
    func channel() async throws {
        try await withChannelBrowser { browser, _ in
            let form = ["owner": "anna", "id": "@TOA#_new", "name": Self.text, "introduction": Self.text]
            #expect(try await browser.post(Self.channels, form).status == .seeOther)

            let path = "\(Self.channels)/%40TOA%23_new"
            for page in ["", "/posts", "/subscribers", "/compose"] {
                expectEscaped(try await browser.get(path + page), Self.escaped)
            }
            expectEscaped(
                try await browser.get("\(path)/edit"),
                "value=\"\(Self.escaped)\"",
                "\n\(Self.escaped)</textarea>"
            )
            expectEscaped(try await browser.get(Self.channels), Self.escaped)
            let preview = try await browser.post(
                "\(path)/preview",
                ["kind": "text", "random": "1", "text": Self.text, "alone": "1"]
            )
            #expect(preview.status == .ok)
            expectEscaped(preview, Self.escaped)
        }
    }

    @Test("what a backend replied to a webhook")
    func webhookReply() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            var change = ApplicationChange()
            change.webhooks.url = .some(WebhookURL(rawValue: "https://backend.example.net/hook"))
            _ = try await installation.applications.update(.example, change, by: installation.operation())
            let browser = try await Browser(installation, as: .operator)
            installation.backend.answerAll(with: .reply(Self.text, status: 418))

            let sent = try await browser.post("\(Self.webhooks)/test")

            expectEscaped(try await browser.get(try #require(sent.headers[.location])), Self.escaped)
        }
    }

    @Test("the name of an application, which stands in the layout of every page of its own")
    func layout() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            var change = ApplicationChange()
            change.name = Self.text
            _ = try await installation.applications.update(.example, change, by: installation.operation())
            let browser = try await Browser(installation, as: .owner)

            for page in ["settings", "audit", "tools"] {
                expectEscaped(try await browser.get(Browser.path(page)), Self.escaped)
            }
        }
    }
}
