import Chat
import ChatProtocol
import HTTPTypes
import RostrumTesting
import Testing

/// Channels are listed, made, changed and destroyed from the console.
@Suite struct ChannelPagesTests {
    static let path = "/console/apps/1400000001/channels"
    static let news = "\(path)/%40TOA%23_news"
    static let script = "<script>alert(\"1\")</script>'"

    /// The form for a new channel, with another value in one of its fields.
    private func fields(_ changed: String = "", _ value: String = "") -> [String: String] {
        func typed(_ field: String, _ usual: String) -> String { field == changed ? value : usual }
        return [
            "owner": typed("owner", "administrator"), "id": typed("id", "@TOA#_new"), "name": typed("name", "Tides"),
            "introduction": "a\r\nb", "maxSubscribers": typed("maxSubscribers", ""),
        ]
    }

    @Test("a channel that is made in the console is as the form describes it, and its making is in the audit")
    func create() async throws {
        try await withChannelBrowser { browser, installation in
            let reply = try await browser.post(Self.path, fields())

            #expect(reply.status == .seeOther)
            #expect(reply.headers[.location] == "\(Self.path)/%40TOA%23_new?done=channelCreated")
            let id = ChannelID("@TOA#_new")
            let found = try await installation.channels.find(
                [id],
                of: installation.application(),
                at: installation.clock.now
            )
            #expect(found[0]?.profile == ChannelProfile(name: "Tides", introduction: "a\nb"))
            #expect(found[0]?.maxSubscribers == 100_000)
            let entry = try await installation.audit().first { $0.target == "@TOA#_new" }
            #expect(entry?.caller == "operator:owner")
            #expect(entry?.action == "create_official_account")
        }
    }

    @Test(
        "with the feature switched off nothing is said of how many channels there are, and owners are shown the switch"
    )
    func switchedOff() async throws {
        try await withChannelBrowser { browser, installation in
            var change = ApplicationChange()
            change.channelServiceIsEnabled = false
            _ = try await installation.applications.update(.example, change, by: installation.operation())

            let list = try await browser.get(Self.path)

            #expect(list.status == .unprocessableContent)
            #expect(list.has("href=\"/console/apps/1400000001/settings\">Switch the feature on"))
            #expect(!list.has("in all") && !list.has("No channel yet") && !list.has("Create a channel"))
        }
    }

    @Test(
        "a refused form keeps what was typed and says what the API says",
        arguments: [
            ("name", "", "Name must be a string of 1 to 150 bytes"),
            ("name", String(repeating: "新", count: 51), "it is a string of 153 bytes"),
            ("owner", "nobody", "names no imported account"), ("id", "news", "must be a channel ID"),
            ("maxSubscribers", "many", "MaxSubscriberNum must be a whole number"),
        ]
    )
    func refused(field: String, value: String, words: String) async throws {
        try await withChannelBrowser { browser, installation in
            let reply = try await browser.post(Self.path, fields(field, value))

            #expect(reply.status == .unprocessableContent)
            #expect(reply.text.contains(words))
            #expect(reply.text.contains("\">\na\nb</textarea>"))
            if field != "id" { #expect(reply.text.contains("value=\"@TOA#_new\"")) }
            if !value.isEmpty { #expect(reply.text.contains("value=\"\(value)\"")) }
            let total = try await installation.channels.search(
                ChannelSearch(.id),
                limit: 10,
                of: installation.application(),
                at: installation.clock.now
            ).total
            #expect(total == 1)
        }
    }

    @Test("what the counters count by are the limits of the API")
    func counters() async throws {
        try await withChannelBrowser { browser, _ in
            let text = try await browser.get("\(Self.path)/new").text

            for (name, most) in [("name", 150), ("introduction", 400), ("faceURL", 500), ("customString", 3000)] {
                #expect(text.contains(#"id="\#(name)" name="\#(name)""#))
                #expect(text.contains(#"data-max-bytes="\#(most)""#))
                #expect(text.contains("0 / \(most) bytes"))
            }
        }
    }

    @Test("only what was changed is changed")
    func edit() async throws {
        try await withChannelBrowser { browser, installation in
            let profile = ChannelProfile.example()
            let reply = try await browser.submit(
                "\(Self.news)/edit",
                [
                    "name": "Quay News", "introduction": profile.introduction, "faceURL": profile.faceURL,
                    "organization": "", "customString": profile.customString, "maxSubscribers": "7",
                ]
            )

            #expect(reply.status == .seeOther)
            let channel = try await installation.find(.news)
            #expect(channel?.profile.name == "Quay News")
            #expect(channel?.profile.organization.isEmpty == true)
            #expect(channel?.profile.introduction == profile.introduction)
            #expect(channel?.maxSubscribers == 7)
        }
    }

    @Test("a channel is destroyed when its name is typed, and not otherwise", arguments: ["", "Harbour", "@TOA#_news"])
    func destroy(wrong: String) async throws {
        try await withChannelBrowser { browser, installation in
            let refused = try await browser.post("\(Self.news)/destroy", ["name": wrong])
            #expect(refused.status == .unprocessableContent)
            #expect(try await installation.find(.news) != nil)

            let reply = try await browser.post("\(Self.news)/destroy", ["name": " Harbour  News "])
            #expect(reply.headers[.location] == "\(Self.path)?done=channelDestroyed")
            #expect(try await installation.find(.news) == nil)
        }
    }

    @Test("the list finds by the beginning of a name or an ID, orders by each column and pages by keys")
    func list() async throws {
        try await withChannelBrowser { browser, installation in
            for number in 10...70 {
                let id = ChannelID(rawValue: "@TOA#_ferry&\(number)")
                let new = NewChannel.example(id: id, profile: ChannelProfile(name: "Ferry \(number)"))
                _ = try await installation.channels.create(new, for: installation.call())
            }
            let byID = try await browser.get("\(Self.path)?sort=id&q=ferry%261").text
            #expect(byID.contains(">@TOA#_ferry&amp;10<") && !byID.contains("@TOA#_ferry&amp;20"))
            #expect(byID.contains("%40TOA%23_ferry%2610"))
            let byName = try await browser.get("\(Self.path)?sort=name&q=Harb").text
            #expect(byName.contains("@TOA#_news") && !byName.contains("ferry"))

            let first = try await browser.get("\(Self.path)?sort=name&order=desc").text
            #expect(first.contains(#"aria-sort="descending""#))
            let next = try #require(first.firstMatch(of: /<a href="([^"]+)" rel="next"/)?.output.1)
            let second = try await browser.get(String(next).replacing("&amp;", with: "&")).text
            #expect(first.contains("Harbour News") && first.contains("Ferry 22") && !first.contains("Ferry 21"))
            #expect(second.contains("Ferry 21") && second.contains("Ferry 10") && !second.contains("Ferry 22"))
            #expect(!second.contains(#"rel="next""#))
        }
    }

    @Test("script in any field is shown as text, on every page")
    func escaped() async throws {
        try await withChannelBrowser { browser, installation in
            let script = Self.script
            let profile = ChannelProfile(
                name: script,
                introduction: script,
                faceURL: script,
                organization: script,
                customString: script
            )
            let id = ChannelID("@TOA#_\(script)")
            _ = try await installation.channels.create(.example(id: id, profile: profile), for: installation.call())
            var new = NewBroadcast(channel: id, random: 1, body: try MessageBody(Self.hostile))
            new.cloudCustomData = script
            let key = try await installation.broadcasts.send(new, for: installation.call())
            _ = try await installation.subscribers.add(["anna"], to: id, for: installation.call())
            try await installation.subscribers.setCustomString(script, of: "anna", in: id, for: installation.call())
            let path = "\(Self.path)/" + id.rawValue.utf8.map { "%" + hexadecimal([$0]) }.joined()

            for end in ["", "/edit", "/posts", "/posts/\(key)", "/subscribers", "/compose"] {
                let reply = try await browser.get(path + end)
                #expect(reply.status == .ok, "\(end)")
                #expect(reply.text.contains("&lt;script&gt;alert(&quot;1&quot;)"), "\(end)")
                #expect(!reply.text.contains("<script>"), "\(end)")
            }
            let search = try await browser.get("\(Self.path)?q=%3Cscript%3E%22").text
            #expect(search.contains(#"value="&lt;script&gt;&quot;""#))
        }
    }

    /// A post of every kind with script in each of its texts.
    private static var hostile: [JSONValue] {
        let article: JSONObject = [
            "businessID": .string("official_account_tweet"), "title": .string(script), "content": .string(script),
            "link": .string("javascript:\(script)"), "imageInfo": .object(["url": .string(script)]),
        ]
        let size: JSONObject = ["Width": .integer(1), "Height": .integer(2), "URL": .string(script)]
        let contents: [(String, JSONObject)] = [
            ("TIMTextElem", ["Text": .string(script)]),
            ("TIMImageElem", ["UUID": .string(script), "ImageInfoArray": .array([.object(size)])]),
            ("TIMCustomElem", ["Data": .string(String(decoding: article.json, as: UTF8.self))]),
            ("TIMFileElem", ["UUID": .string(script), "FileName": .string(script)]),
        ]
        return contents.map { .object(["MsgType": .string($0.0), "MsgContent": .object($0.1)]) }
    }

    @Test("who only reads sees the pages and is offered no change, and none is made")
    func readOnly() async throws {
        try await withChannelBrowser(as: .readOnly) { browser, installation in
            for page in [Self.path, Self.news, "\(Self.news)/posts", "\(Self.news)/subscribers"] {
                let reply = try await browser.get(page)
                #expect(reply.status == .ok)
                #expect(!reply.text.contains(#"method="post" action="\#(page)"#))
                #expect(!reply.text.contains("/destroy\"") && !reply.text.contains("/compose\""))
            }
            for page in ["\(Self.path)/new", "\(Self.news)/edit", "\(Self.news)/compose"] {
                #expect(try await browser.get(page).status == .forbidden)
            }
            for (path, form) in [
                (Self.path, fields()), ("\(Self.news)/edit", fields()),
                ("\(Self.news)/destroy", ["name": "Harbour News"]),
                ("\(Self.news)/posts", ["kind": "text", "random": "1", "text": "x"]),
                ("\(Self.news)/preview", ["kind": "text", "random": "1", "text": "x"]),
                ("\(Self.news)/posts/1_1_1/recall", [:]), ("\(Self.news)/subscribers/add", ["accounts": "anna"]),
                ("\(Self.news)/subscribers/remove", ["accounts": "anna"]),
            ] as [(String, [String: String])] {
                #expect(try await browser.post(path, form).status == .forbidden)
            }
            let channel = try await installation.find(.news)
            #expect(channel?.profile == .example())
            #expect(channel?.headSeq == 0)
            #expect(channel?.subscribers == 0)
        }
    }

    @Test("a channel that is not there is not found", arguments: ["%40TOA%23_none", "news", "%"])
    func missing(id: String) async throws {
        try await withChannelBrowser { browser, _ in
            for end in ["", "/posts", "/subscribers.csv"] {
                let reply = try await browser.get("\(Self.path)/\(id)\(end)")
                #expect(reply.status == .notFound, "\(end)")
            }
        }
    }
}

/// Hands `body` a signed-in browser and an installation with the accounts `anna` and `ben` and the channel `@TOA#_news`.
func withChannelBrowser(
    as role: OperatorRole = .owner,
    _ body: (inout Browser, TestInstallation) async throws -> Void
) async throws {
    try await StorageEngine.sqlite.withInstallation { installation in
        try await installation.importAccounts("anna", "ben")
        _ = try await installation.channels.create(.example(), for: installation.call())
        var browser = try await Browser(installation)
        try await browser.signIn(role)
        try await body(&browser, installation)
    }
}

extension TestInstallation {
    func find(_ id: ChannelID) async throws -> OfficialChannel? {
        try await channels.find([id], of: application(), at: clock.now)[0]
    }
}
