import AdminAPI
import Chat
import ChatProtocol
import Database
import HTTPTypes
import RostrumTesting
import Testing

/// Pages in a language other than English: what they show of the API's own words is marked as English, for those who
/// have a page read to them.
@Suite struct LanguageTests {
    private let japanese: HTTPFields = [.acceptLanguage: "ja"]

    private func withBrowser(_ body: (Browser, TestInstallation) async throws -> Void) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            var browser = try await Browser(installation, emulator: true)
            try await browser.signIn(.operator)
            try await body(browser, installation)
        }
    }

    @Test("the explorer's sentences, rules and meanings of codes")
    func explorer() async throws {
        try await withBrowser { browser, _ in
            let page = Browser.path("tools/explorer")
            let card = try #require(Catalogue.cards.first { $0.name == "kick" })

            let list = try await browser.get(page, headers: japanese).text
            #expect(list.contains("<html lang=\"ja\">"))
            #expect(list.matches(of: /class="about" lang="en">/).count == Catalogue.cards.count)

            let text = try await browser.get(page + "?command=kick", headers: japanese).text
            let fields = card.fields + card.fields.flatMap(\.inner)
            #expect(text.matches(of: /<dd lang="en">/).count == fields.count + card.ownCodes.count)
            #expect(text.contains("<p class=\"lead\" lang=\"en\">"))

            let form = ["command": "kick", "body": #"{"UserID":"ghost"}"#]
            let refused = try await browser.post(page, form, headers: japanese).text
            let meaning = try #require(ErrorCode.documented[.accountNotImported])
            #expect(refused.contains("bad\">70107</span> <span lang=\"en\">\(meaning)</span>"))
            let done = try await browser.post(
                page,
                ["command": "account_import", "body": #"{"UserID":"anna"}"#],
                headers: japanese
            )
            #expect(done.text.contains("good\">0</span> <span lang=\"ja\">成功</span>"))
        }
    }

    @Test("what a UserSig is refused with, and what a fault answers")
    func codes() async throws {
        try await withBrowser { browser, _ in
            let report = try await browser.post(Browser.path("tools/usersig"), ["token": "AAAA"], headers: japanese)
                .text
            #expect(report.firstMatch(of: /<strong>\d+<\/strong> <span lang="en">\w/) != nil)

            let faults = Browser.path("tools/emulator")
            let fault = ["command": "kick", "code": "20005", "times": "1", "delay": "0"]
            #expect(try await browser.post(faults + "/faults", fault).status == .seeOther)
            let meaning = try #require(ErrorCode.documented[ErrorCode(rawValue: 20_005)])
            let text = try await browser.get(faults, headers: japanese).text
            #expect(text.contains("<span class=\"quiet\" lang=\"en\">\(meaning)</span>"))
            #expect(text.contains("<option value=\"20005\" lang=\"en\">\(meaning)"))
        }
    }

    @Test("what came of a webhook, and why it was given up")
    func webhooks() async throws {
        try await withBrowser { browser, installation in
            let command = WebhookCommand.afterSend.rawValue
            _ = try await installation.database.write { tx throws(ChatError) in
                try tx.execute(
                    """
                    INSERT INTO webhook_attempts (app, at, delivery, attempt, channel, command, outcome, status,
                        latency_ms, reply, request)
                    VALUES (\(SDKAppID.example), 1, 'd', 1, 'lane', \(command), 'timed out', NULL, 7, \([UInt8]()), NULL)
                    """
                )
                try tx.execute(
                    """
                    INSERT INTO dead_letters (app, died_at, delivery, channel, number, command, body, client_address,
                        platform, queued_at, attempts, reason)
                    VALUES (\(SDKAppID.example), 1, 'd', 'lane', 1, \(command), \([UInt8]()), '', 'RESTAPI', 0, 3,
                        'timed out')
                    """
                )
            }
            let outcome = "bad loose\" lang=\"en\">timed out"
            #expect(try await browser.get(Browser.path("webhooks/log"), headers: japanese).text.contains(outcome))
            let delivery = try await browser.get(Browser.path("webhooks/deliveries/d"), headers: japanese).text
            #expect(delivery.contains(outcome))
            let dead = try await browser.get(Browser.path("webhooks/dead"), headers: japanese).text
            #expect(dead.contains("lang=\"en\">timed out"))
        }
    }
}
