import Chat
import ChatProtocol
import HTTPTypes
import RostrumTesting
import Testing

/// Two who change the same thing do not undo each other's work.
@Suite struct EditionTests {
    private static let news = ChannelPagesTests.news
    private static let settings = "/console/apps/\(SDKAppID.example)/settings"

    /// The form of the example channel, untouched but for what is given.
    private func form(_ changed: [String: String]) -> [String: String] {
        let profile = ChannelProfile.example()
        return [
            "name": profile.name, "introduction": profile.introduction, "faceURL": profile.faceURL,
            "organization": profile.organization, "customString": profile.customString, "maxSubscribers": "100000",
        ].merging(changed) { $1 }
    }

    private func change(_ installation: TestInstallation, _ change: (inout ChannelChange) -> Void) async throws {
        var changed = ChannelChange()
        change(&changed)
        try await installation.channels.modify(.news, changed, for: installation.call())
    }

    @Test("a channel that the backend changed while its form was open is not saved, and can be afterwards")
    func channel() async throws {
        try await withChannelBrowser { browser, installation in
            let page = "\(Self.news)/edit"
            let edition = try #require(try await browser.edition(on: page, of: page))
            try await change(installation) { $0.introduction = "By the backend" }
            let before = try await installation.audit().count

            let late = try await browser.post(page, form(["name": "Mine"]), more: ["_edition": edition])

            #expect(late.status == .unprocessableContent)
            #expect(late.has("Somebody else has changed this", "What you typed", "<dd class=\"lines\">Mine</dd>"))
            #expect(late.has(">\nBy the backend</textarea>", #"value="Harbour News""#))
            #expect(try await installation.find(.news)?.profile.name == "Harbour News")
            #expect(try await installation.audit().count == before)

            let shown = try #require(late.text.firstMatch(of: /name="_edition" value="([0-9a-f]+)"/)).output.1
            #expect(shown != edition)
            let again = form(["name": "Mine", "introduction": "By the backend"])
            let saved = try await browser.post(page, again, more: ["_edition": String(shown)])
            #expect(saved.status == .seeOther)
            let profile = try await installation.find(.news)?.profile
            #expect(profile?.name == "Mine" && profile?.introduction == "By the backend")
        }
    }

    @Test("a form that was refused for something else stays of its own time")
    func refusedBefore() async throws {
        try await withChannelBrowser { browser, installation in
            let page = "\(Self.news)/edit"
            let edition = try #require(try await browser.edition(on: page, of: page))

            let refused = try await browser.post(page, form(["name": ""]), more: ["_edition": edition])

            #expect(refused.status == .unprocessableContent && refused.has("name=\"_edition\" value=\"\(edition)\""))
        }
    }

    @Test("a form without its mark, or of a channel of the same ID that was there before, is not saved")
    func otherChannel() async throws {
        try await withChannelBrowser { browser, installation in
            let page = "\(Self.news)/edit"
            let edition = try #require(try await browser.edition(on: page, of: page))
            #expect(try await browser.post(page, form(["name": "Mine"])).status == .unprocessableContent)
            try await installation.channels.destroy(.news, for: installation.call())
            _ = try await installation.channels.create(.example(), for: installation.call())

            let late = try await browser.post(page, form(["name": "Mine"]), more: ["_edition": edition])

            #expect(late.status == .unprocessableContent && late.has("Somebody else has changed this"))
            #expect(try await installation.find(.news)?.profile.name == "Harbour News")
        }
    }

    @Test("what a browser sends otherwise by itself is not changed", arguments: ["a\r\nb\n", "a\rb", "\na\n\nb"])
    func lineEnds(text: String) async throws {
        try await withChannelBrowser { browser, installation in
            try await change(installation) { ($0.customString, $0.organization) = (text, text) }
            let inLines = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
            let sent = form([
                "name": "Mine", "customString": inLines.replacing("\n", with: "\r\n"),
                "organization": inLines.replacing("\n", with: ""),
            ])

            #expect(try await browser.submit("\(Self.news)/edit", sent).status == .seeOther)

            let profile = try await installation.find(.news)?.profile
            #expect(profile?.name == "Mine")
            #expect(profile.map { Array($0.customString.utf8) } == Array(text.utf8))
            #expect(profile.map { Array($0.organization.utf8) } == Array(text.utf8))
        }
    }

    @Test(
        "settings that somebody else changed while their form was open are not saved",
        arguments: [
            ("general", ["name": "Mine", "plan": "trial"], "<dd class=\"lines\">Mine</dd>"),
            ("service", ["on": "on", "end": "2030-01-01"], "<dd class=\"lines\">2030-01-01</dd>"),
            ("limits", ["channels": "12", "accounts": ""], "<dd class=\"lines\">12</dd>"),
        ] as [(String, [String: String], String)]
    )
    func settings(action: String, fields: [String: String], typed: String) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)
            let form = "\(Self.settings)/\(action)"
            let edition = try #require(try await browser.edition(on: Self.settings, of: form))
            var change = ApplicationChange()
            change.name = "Theirs"
            change.channelServiceIsEnabled = false
            change.ownLimits = [.channels: 7]
            _ = try await installation.applications.update(.example, change, by: installation.operation())
            let before = try await installation.audit().count

            let late = try await browser.post(form, fields, more: ["_edition": edition])

            #expect(late.status == .unprocessableContent)
            #expect(late.has("Somebody else has changed this", typed, #"value="Theirs""#, #"value="7""#))
            let application = try await installation.application()
            #expect(application.name == "Theirs" && application.plan == .enterprise)
            #expect(!application.channelServiceIsEnabled && application.channelServiceExpiresAt == nil)
            #expect(application.ownLimits == [.channels: 7])
            #expect(try await installation.audit().count == before)
            #expect(try await browser.submit(Self.settings, to: form, fields).status == .seeOther)
        }
    }

    @Test("what is saved as it is changes nothing, and is in no audit", arguments: ["general", "service", "limits"])
    func unchanged(action: String) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)
            let before = try await installation.audit().count
            let fields = ["name": "Harbour", "plan": "enterprise", "on": "on", "end": "", "channels": ""]

            let reply = try await browser.submit(Self.settings, to: "\(Self.settings)/\(action)", fields)

            #expect(reply.status == .seeOther)
            #expect(try await installation.audit().count == before)
        }
    }

    @Test("webhooks that somebody else changed while their form was open are not saved")
    func webhooks() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let page = "/console/apps/\(SDKAppID.example)/webhooks"
            let browser = try await Browser(installation, as: .operator)
            let edition = try #require(try await browser.edition(on: page, of: page))
            var change = ApplicationChange()
            change.webhooks.commands = [.afterSend]
            _ = try await installation.applications.update(.example, change, by: installation.operation())

            let fields = ["url": "https://mine.example/", "policy": "deny", "retry": "on"]
            let late = try await browser.post(page, fields, more: ["_edition": edition])

            #expect(late.status == .unprocessableContent)
            #expect(late.has("<dd class=\"lines\">https://mine.example/</dd>", "name=\"on.afterSend\" checked"))
            let settings = try await installation.application().webhooks
            #expect(settings.url == nil && settings.commands == [.afterSend] && settings.timeoutPolicy == .allow)
        }
    }

    @Test("an account that the backend changed while its form was open is not saved")
    func account() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            try await installation.importAccounts("anna")
            let page = "/console/apps/\(SDKAppID.example)/accounts/anna"
            let browser = try await Browser(installation, as: .operator)
            let edition = try #require(try await browser.edition(on: page, of: "\(page)/profile"))
            let theirs = NewAccount(id: UserID("anna"), nick: nil, faceURL: "theirs.png")
            try await installation.accounts.import(theirs, for: installation.call())

            let fields = ["nick": "Mine", "face": ""]
            let late = try await browser.post("\(page)/profile", fields, more: ["_edition": edition])

            #expect(late.status == .unprocessableContent)
            #expect(late.has("<dd class=\"lines\">Mine</dd>", #"value="theirs.png""#))
            let account = try await installation.accounts.find(UserID("anna"), of: .example)
            #expect(account?.nick == "" && account?.faceURL == "theirs.png")
        }
    }
}
