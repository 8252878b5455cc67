import Chat
import ChatProtocol
import Database
import HTTPTypes
import RostrumTesting
import Testing

/// The pages of an application's webhooks.
@Suite struct WebhookPagesTests {
    private static let path = "/console/apps/1400000001/webhooks"
    private static let script = "<script>alert(1)</script>"

    private func withBrowser(
        _ role: OperatorRole = .operator,
        url: String? = "https://backend.example.net/hook",
        _ body: (Browser, TestInstallation) async throws -> Void
    ) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            var change = ApplicationChange()
            change.webhooks.url = .some(url.flatMap(WebhookURL.init(rawValue:)))
            change.webhooks.token = "tok-5f3a"
            change.webhooks.commands = [.beforeCreate, .afterCreate]
            _ = try await installation.applications.update(.example, change, by: installation.operation())
            var browser = try await Browser(installation)
            try await browser.signIn(role)
            try await body(browser, installation)
        }
    }

    /// An event that was given up, with something nasty in every field that others fill.
    private func kill(_ installation: TestInstallation, _ delivery: String, at moment: Int64 = 0) async throws {
        _ = try await installation.database.write { tx throws(ChatError) in
            try tx.execute(
                """
                INSERT INTO dead_letters (app, died_at, delivery, channel, number, command, body, client_address,
                    platform, queued_at, attempts, reason)
                VALUES (\(SDKAppID.example), \(moment), \(delivery), \("@TOA#_" + Self.script), 1,
                    'OfficialAccount.CallbackAfterSendMsg', \(Array("{\"Text\":\"\(Self.script)\"}".utf8)), '', 'RESTAPI', 0,
                    3, \("status 500 " + Self.script))
                """
            )
        }
    }

    @Test("the settings are shown as they are, but not the token and the secret")
    func shown() async throws {
        try await withBrowser { browser, installation in
            let text = try await browser.get(Self.path).text
            #expect(text.contains("value=\"https://backend.example.net/hook\""))
            #expect(
                text.contains("name=\"on.beforeCreate\" checked") && text.contains("name=\"on.afterCreate\" checked")
            )
            #expect(text.contains("name=\"on.afterSend\">"))
            #expect(!text.contains("tok-5f3a"))
            let secret = try await installation.application().webhooks.secret
            #expect(!text.contains(secret))
            for command in WebhookCommand.allCases { #expect(text.contains(command.rawValue)) }
        }
    }

    @Test("what is sent is set; a token that is left empty stays, one that is ticked away goes")
    func changed() async throws {
        try await withBrowser { browser, installation in
            let reply = try await browser.submit(
                Self.path,
                [
                    "url": "http://other.example/", "on.afterSend": "on", "on.beforeSend": "on", "token": "",
                    "policy": "deny", "retry": "timeout",
                ]
            )
            #expect(reply.status == .seeOther && reply.headers[.location] == Self.path + "?done=webhooksChanged")
            var settings = try await installation.application().webhooks
            #expect(settings.url?.rawValue == "http://other.example/")
            #expect(settings.commands == [.afterSend, .beforeSend])
            #expect((settings.token, settings.timeoutPolicy, settings.retry) == ("tok-5f3a", .deny, .timeout))
            #expect(try await installation.audit().contains { $0.caller == "operator:operator" })

            _ = try await browser.submit(
                Self.path,
                ["url": "", "removeToken": "on", "token": "ignored", "policy": "allow", "retry": "off"]
            )
            settings = try await installation.application().webhooks
            #expect(settings.url == nil && settings.commands == [] && settings.token == "")
            _ = try await browser.submit(Self.path, ["url": "", "token": "new", "policy": "allow", "retry": "on"])
            #expect(try await installation.application().webhooks.token == "new")
        }
    }

    @Test(
        "what is refused changes nothing, and is shown again as it was typed",
        arguments: [
            ["url": "ftp://<script>alert(1)</script>", "policy": "allow", "retry": "on"],
            ["url": "https://a.example/<script>alert(1)</script>?q", "policy": "allow", "retry": "on"],
            ["url": "https://a.example/<script>alert(1)</script>", "policy": "<script>", "retry": "on"],
            ["url": "https://a.example/<script>alert(1)</script>", "policy": "deny", "retry": "maybe"],
            [
                "url": "https://a.example/<script>alert(1)</script>", "policy": "deny", "retry": "off",
                "token": String(repeating: "t", count: 257),
            ],
        ] as [[String: String]]
    )
    func refused(fields: [String: String]) async throws {
        try await withBrowser { browser, installation in
            let before = try await installation.application().webhooks
            let reply = try await browser.submit(Self.path, fields)
            #expect(reply.status == .unprocessableContent && reply.text.contains("role=\"alert\""))
            #expect(reply.text.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && !reply.text.contains("<script>a"))
            #expect(!reply.text.contains("checked"))
            #expect(!reply.text.contains("tttt"))
            #expect(try await installation.application().webhooks == before)
        }
    }

    @Test("who only reads can change, test and send nothing, and the secret is for owners")
    func roles() async throws {
        try await withBrowser(.readOnly) { browser, installation in
            try await kill(installation, "d1")
            for path in ["", "/test", "/secret", "/dead/retry-all", "/deliveries/d1/retry"] {
                #expect(try await browser.post(Self.path + path).status == .forbidden)
            }
            for path in ["", "/log", "/dead", "/deliveries/d1", "/rate"] {
                let reply = try await browser.get(Self.path + path)
                #expect(reply.status == .ok)
                #expect(!reply.text.contains("method=\"post\" action=\"\(Self.path)/"))
            }
            #expect(installation.backend.posts.isEmpty)
        }
        try await withBrowser(.operator) { browser, _ in
            let reply = try await browser.post(Self.path + "/secret")
            #expect(reply.status == .forbidden)
        }
        try await withBrowser(.owner) { browser, installation in
            #expect(try await browser.get(Self.path + "/secret").status != .ok)
            let secret = try await installation.application().webhooks.secret
            #expect(try await browser.post(Self.path + "/secret").text.contains(secret))
            let entry = try await installation.audit().first { $0.action == "app show-webhook-secret" }
            #expect(entry?.caller == "operator:owner" && entry?.address == "192.0.2.1")
        }
    }

    @Test("what keeps the failure rate up to date prolongs no session, and looking at the page does")
    func rateIsNoUse() async throws {
        try await withBrowser { browser, installation in
            func lastUse() async throws -> Int64? {
                try await installation.database.read { tx throws(ChatError) in
                    try tx.row("SELECT max(used_at) FROM operator_sessions")?.integer(0)
                }
            }
            _ = try await installation.database.write(of: .unordered) { tx throws(ChatError) in
                try tx.execute("UPDATE operator_sessions SET used_at = used_at - 120000")
            }
            let before = try await lastUse()

            #expect(try await browser.get(Self.path + "/rate").status == .ok)
            #expect(try await lastUse() == before)
            #expect(try await browser.get(Self.path).status == .ok)
            #expect(try await lastUse() != before)
        }
    }

    @Test("a test event leads to its delivery, with the reply and the request")
    func tested() async throws {
        try await withBrowser { browser, installation in
            installation.backend.answerAll(with: .reply(Self.script, status: 418))
            let reply = try await browser.post(Self.path + "/test")
            let location = try #require(reply.headers[.location])
            #expect(reply.status == .seeOther && !location.contains("done="))
            let text = try await browser.get(location).text
            #expect(text.contains("status 418") && text.contains("&lt;script&gt;") && !text.contains(Self.script))
            #expect(text.contains("&quot;CallbackCommand&quot;: &quot;Rostrum.CallbackTest&quot;"))
            #expect(text.contains("X-Rostrum-Delivery: "))

            installation.backend.answerAll(with: .accepted)
            let accepted = try await browser.post(Self.path + "/test")
            #expect(accepted.headers[.location]?.hasSuffix("?done=webhookTested") == true)
            #expect(try await browser.get(Self.path + "/rate").text == #"{"attempts":2,"failures":1,"percent":50}"#)
            let failed = try await browser.get(Self.path + "/log?outcome=failed").text
            #expect(failed.contains("status 418") && !failed.contains("status 200"))
        }
        try await withBrowser(url: nil) { browser, _ in
            let reply = try await browser.post(Self.path + "/test")
            #expect(reply.status == .unprocessableContent && reply.text.contains("has no webhook URL"))
        }
    }

    @Test("the log goes on from page to page, with its filter")
    func log() async throws {
        try await withBrowser { browser, installation in
            for number in 0..<60 {
                _ = try await installation.database.write { tx throws(ChatError) in
                    try tx.execute(
                        """
                        INSERT INTO webhook_attempts (app, at, delivery, attempt, channel, command, outcome, status,
                            latency_ms, reply)
                        VALUES (\(SDKAppID.example), \(number), \("d\(number)"), 1, \("@TOA#_a&b" + Self.script), 'C',
                            \(Self.script), 500, 7, \([UInt8]()))
                        """
                    )
                }
            }
            let filter = "outcome=failed&command=C&channel=%40TOA%23_a%26b%3Cscript%3Ealert%281%29%3C%2Fscript%3E"
            let first = try await browser.get(Self.path + "/log?" + filter).text
            #expect(!first.contains(Self.script))
            #expect(first.contains("/deliveries/d59\"") && first.contains("/deliveries/d10\""))
            #expect(!first.contains("/deliveries/d9\""))
            let next = try #require(first.firstMatch(of: /href="([^"]+)" rel="next"/)).output.1
                .replacing("&amp;", with: "&")
            let second = try await browser.get(String(next)).text
            #expect(second.contains("/deliveries/d9\"") && second.contains("/deliveries/d0\""))
            #expect(!second.contains("/deliveries/d10\"") && !second.contains("rel=\"next\""))
            #expect(try await browser.get(Self.path + "/log?before=nonsense").status == .notFound)
            #expect(try await browser.get(Self.path + "/log?channel=none").text.contains("class=\"empty\""))
        }
    }

    @Test("dead letters are listed, shown, and sent again one by one or all together")
    func deadLetters() async throws {
        try await withBrowser { browser, installation in
            for number in 0..<60 { try await kill(installation, "d\(number)", at: Int64(number)) }
            let list = try await browser.get(Self.path + "/dead").text
            #expect(!list.contains(Self.script) && list.contains("status 500 &lt;script&gt;"))
            #expect(list.contains("data-confirm=\"Send 60 dead letters again?\""))
            #expect(list.contains("/deliveries/d10\"") && !list.contains("/deliveries/d9\""))
            let next = try #require(list.firstMatch(of: /href="([^"]+)" rel="next"/)).output.1
            #expect(try await browser.get(String(next)).text.contains("/deliveries/d9\""))

            let one = try await browser.get(Self.path + "/deliveries/d7").text
            #expect(!one.contains(Self.script) && one.contains("&quot;Text&quot;: &quot;&lt;script&gt;"))
            #expect(one.contains("/deliveries/d7/retry\""))
            let retried = try await browser.post(Self.path + "/deliveries/d7/retry")
            #expect(retried.headers[.location] == Self.path + "/dead?done=webhookRetried")
            #expect(try await browser.post(Self.path + "/deliveries/d7/retry").status == .notFound)

            _ = try await browser.post(Self.path + "/dead/retry-all")
            let empty = try await browser.get(Self.path + "/dead").text
            #expect(!empty.contains("retry-all") && empty.contains(">60</td>"))
            #expect(try await installation.audit().contains { $0.caller == "operator:operator" })
        }
    }
}
