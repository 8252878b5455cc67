import Chat
import ChatProtocol
import HTTPTypes
import RostrumTesting
import Testing

/// A form that is sent again does nothing again: by a reload, a browser that tries again, or who recorded it.
@Suite struct ReplayTests {
    private static let settings = Browser.path("settings")
    private static let channels = Browser.path("channels")

    /// What a page has in a hidden field of a form.
    private func hidden(_ name: String, _ page: Browser.Reply) throws -> String {
        let input = try Regex("name=\"\(name)\" value=\"([0-9a-f]*)\"")
        return String(try #require(page.text.firstMatch(of: input)?.output[1].substring))
    }

    @Test("the key is rotated once, and what a second rotation made is dropped by no old form")
    func rotation() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)
            func keys() async throws -> [String] { try await installation.application().keys.map(\.text) }
            func form() async throws -> [String: String] {
                ["newestKey": try hidden("newestKey", try await browser.get(Self.settings))]
            }
            let first = try await form()
            installation.clock.advance(seconds: 1)
            #expect(try await browser.post("\(Self.settings)/rotate-key", first).status == .ok)
            let (two, second) = (try await keys(), try await form())

            installation.clock.advance(seconds: 1)
            for fields in [first, ["newestKey": ""], [:]] {
                let refused = try await browser.post("\(Self.settings)/rotate-key", fields)
                #expect(refused.status == .unprocessableContent && refused.has("no longer those that were shown"))
            }
            #expect(try await keys() == two && two.count == 2)

            #expect(try await browser.post("\(Self.settings)/finish-rotation", second).status == .seeOther)
            #expect(try await browser.post("\(Self.settings)/rotate-key", try await form()).status == .ok)
            let late = try await browser.post("\(Self.settings)/finish-rotation", second)
            #expect(late.status == .unprocessableContent)
            #expect(try await keys().count == 2)
        }
    }

    @Test("an application without a number of its own is made once")
    func application() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)
            let page = try await browser.get("/console/apps/new")
            let number = try hidden("freeNumber", page)
            let form = ["freeNumber": number, "id": "", "name": "Free", "plan": "trial", "admins": "boss"]

            #expect(try await browser.post("/console/apps", form).status == .ok)
            let again = try await browser.post("/console/apps", form)

            #expect(again.status == .unprocessableContent && again.has("exists already"))
            #expect(try hidden("freeNumber", again) != number)
            let made = try await installation.applications.all().filter { $0.name == "Free" }
            #expect(made.map(\.id.description) == [number] && number.hasPrefix("14"))
        }
    }

    @Test("a channel without an ID of its own is made once by a form, and another by another")
    func channel() async throws {
        try await withChannelBrowser { browser, installation in
            func form() async throws -> [String: String] {
                let once = try hidden("_once", try await browser.get("\(Self.channels)/new"))
                return ["_once": once, "owner": "anna", "id": "", "name": "Tides", "introduction": ""]
            }
            let (first, other) = (try await form(), try await form())
            let made = try await browser.post(Self.channels, first)
            let again = try await browser.post(Self.channels, first)
            let second = try await browser.post(Self.channels, other)
            let changed = try await browser.post(Self.channels, first, more: ["name": "Ebb"])

            #expect(made.status == .seeOther && again.headers[.location] == made.headers[.location])
            let places = Set([made, second, changed].map { $0.headers[.location] })
            #expect(places.count == 3 && !places.contains(nil))
            let total = try await installation.channels.search(
                ChannelSearch(.id),
                limit: 10,
                of: installation.application(),
                at: installation.clock.now
            ).total
            #expect(total == 4)
        }
    }

    @Test("what the explorer did is done once, and told again")
    func explorer() async throws {
        try await withChannelBrowser { browser, installation in
            let page = Browser.path("tools/explorer")
            let command = "create_official_account"
            let once = try hidden("_once", try await browser.get("\(page)?command=\(command)"))
            let form = [
                "_once": once, "command": command, "body": #"{"Owner_Account":"anna","Name":"Tides"}"#,
            ]
            let replies = try await [browser.post(page, form), browser.post(page, form)].map { reply in
                String(try #require(reply.text.firstMatch(of: /&quot;(@TOA#[^&]+)&quot;/)?.output.1))
            }

            #expect(replies[0] == replies[1])
            #expect(try await installation.applications.usage(of: .example).channels == 2)
        }
    }

    @Test("a post is sent once, also after its Random was forgotten")
    func post() async throws {
        try await withChannelBrowser { browser, installation in
            let once = try hidden("_once", try await browser.get("\(ChannelPagesTests.news)/compose"))
            let form = ["_once": once, "kind": "text", "random": "7", "text": "Ferry 7 is late"]
            let sent = try await browser.post("\(ChannelPagesTests.news)/posts", form)
            installation.clock.advance(seconds: 3600)
            let again = try await browser.post("\(ChannelPagesTests.news)/posts", form)

            #expect(sent.status == .seeOther && again.headers[.location] == sent.headers[.location])
            #expect(try await installation.find(.news)?.headSeq == 1)
        }
    }
}
