import Chat
import ChatProtocol
import HTTPTypes
import RostrumTesting
import Testing

/// What is left to do with an application that is switched off.
@Suite struct DisabledApplicationTests {
    private static let app = "/console/apps/\(SDKAppID.example)"
    private static let news = ChannelPagesTests.news

    /// Every form by which an operator does what a REST command does.
    private static let forms: [(path: String, fields: [String: String])] = [
        ("\(app)/channels", ["owner": "administrator", "id": "@TOA#_new", "name": "Tides"]),
        ("\(news)/edit", ["name": "Tides"]), ("\(news)/destroy", ["name": "Harbour News"]),
        ("\(news)/posts", ["kind": "text", "random": "1", "text": "x"]), ("\(news)/posts/KEY/recall", [:]),
        ("\(news)/subscribers/add", ["accounts": "anna"]), ("\(news)/subscribers/remove", ["accounts": "anna"]),
        ("\(app)/accounts", ["id": "carl"]), ("\(app)/accounts-import", ["rows": "carl"]),
        ("\(app)/accounts/anna/profile", ["nick": "Anna"]), ("\(app)/accounts/anna/kick", [:]),
        ("\(app)/accounts/anna/delete", ["confirmation": "anna"]),
        ("\(app)/tools/explorer", ["command": "account_import", "body": #"{"UserID":"carl"}"#]),
        ("\(app)/tools/explorer", ["command": "account_check", "body": #"{"CheckItem":[{"UserID":"anna"}]}"#]),
    ]

    private func disable(_ installation: TestInstallation) async throws {
        var change = ApplicationChange()
        change.isEnabled = false
        _ = try await installation.applications.update(.example, change, by: installation.operation())
    }

    @Test("nothing is done that a call would be refused with 60016", arguments: forms)
    func refused(path: String, fields: [String: String]) async throws {
        try await withChannelBrowser { browser, installation in
            let text = JSONValue.object([
                "MsgType": .string("TIMTextElem"), "MsgContent": .object(["Text": .string("Ferry")]),
            ])
            let new = NewBroadcast(channel: .news, random: 1, body: try MessageBody([text]))
            let key = try await installation.broadcasts.send(new, for: installation.call())
            try await disable(installation)
            let (before, channel) = (try await installation.audit(), try await installation.find(.news))

            let reply = try await browser.post(path.replacing("KEY", with: "\(key)"), fields)

            #expect(reply.status == .unprocessableContent && reply.has("60016", "The application is disabled."))
            #expect(try await installation.audit() == before)
            #expect(try await installation.find(.news) == channel)
        }
    }

    @Test("everything can be looked at, and the settings can be seen to")
    func reading() async throws {
        try await withChannelBrowser { browser, installation in
            try await disable(installation)
            let pages = [
                "", "/channels", "/accounts", "/accounts/anna", "/webhooks", "/webhooks/log", "/audit", "/settings",
            ]
            for page in pages.map({ Self.app + $0 }) + [Self.news, "\(Self.news)/posts", "\(Self.news)/subscribers"] {
                #expect(try await browser.get(page).status == .ok, "\(page)")
            }
            let fields = ["url": "https://backend.example/", "policy": "allow", "retry": "on"]
            #expect(try await browser.submit("\(Self.app)/webhooks", fields).status == .seeOther)
            let settings = "\(Self.app)/settings"
            #expect(
                try await browser.submit(settings, to: "\(settings)/serving", ["enabled": "yes"]).status == .seeOther
            )
            #expect(try await browser.post("\(Self.app)/accounts/anna/kick").status == .seeOther)
        }
    }
}
