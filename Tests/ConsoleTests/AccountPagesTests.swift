import Chat
import ChatProtocol
import HTTPTypes
import RostrumTesting
import Testing

/// Accounts are found, looked at, changed, kicked and deleted.
@Suite struct AccountPagesTests {
    private static let path = "/console/apps/\(SDKAppID.example)/accounts"
    /// Has every character that a URL would take for something else.
    private static let odd = UserID("a#b:c+d=e@f.g")
    private static let oddPath = "\(path)/a%23b%3Ac%2Bd%3De%40f.g"

    @Test("the list comes in pages by key, and a search finds names by their beginning")
    func list() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let names = (100..<220).map { UserID("user\($0)") } + [Self.odd]
            for start in stride(from: 0, to: names.count, by: 100) {
                let part = names[start..<min(start + 100, names.count)].map { NewAccount(id: $0, nick: "<i>\($0)") }
                _ = try await installation.accounts.importAll(part, for: installation.call())
            }
            let browser = try await Browser(installation, as: .readOnly)

            let first = try await browser.get(Self.path)
            #expect(
                first.has("122 in all", "administrator", "user100", "user147", "&lt;i&gt;", "\(Self.oddPath)")
            )
            #expect(!first.has("user148") && !first.has("<i>"))
            let found = try await browser.get("\(Self.path)?q=user1")
            #expect(found.has("user100", "user149", "q=user1&amp;after=user149") && !found.has("administrator"))
            let next = try await browser.get("\(Self.path)?q=user1&after=user149")
            #expect(next.has("user150", "user199", "First page") && !next.has("user149<") && !next.has("after="))
            #expect(try await browser.get("\(Self.path)?q=%00%22nobody").has("No UserID begins like that"))
        }
    }

    @Test("accounts whose names are ways through a path have pages too", arguments: [".", "..", "...", ".a"])
    func ways(name: String) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            try await installation.importAccounts(name)
            let browser = try await Browser(installation, as: .operator)
            let list = try await browser.get("\(Self.path)?q=\(name)").text
            let link = try #require(list.firstMatch(of: /<a href="([^"]+)">(<code>)?\.+a?</)?.output.1)
            #expect(!link.hasSuffix("/.") && !link.hasSuffix("/.."))

            #expect(try await browser.get(String(link)).has("<h1", ">\(name)<"))
            let deleted = try await browser.post("\(link)/delete", ["confirmation": name])
            #expect(deleted.status == .seeOther)
            #expect(try await browser.get(String(link)).status == .notFound)
        }
    }

    @Test("the profile shows devices, subscriptions and owned channels, whatever the account is called")
    func profile() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let account = NewAccount(id: Self.odd, nick: "<b>Odd</b>", faceURL: "javascript:alert(1)")
            try await installation.accounts.import(account, for: installation.call())
            for number in 1...25 {
                let id = ChannelID("@TOA#_\(number) <s>")
                let new = NewChannel.example(id: id, owner: Self.odd, profile: .example(name: "channel \(number);"))
                _ = try await installation.channels.create(new, for: installation.call())
                installation.clock.advance(seconds: 1)
                _ = try await installation.subscribers.add([Self.odd.rawValue], to: id, for: installation.call())
            }
            installation.presence.set([PresentSession(platform: .iOS, instance: 4711)], of: Self.odd)
            let browser = try await Browser(installation, as: .readOnly)

            let page = try await browser.get(Self.oddPath)

            #expect(page.status == .ok && page.has("Online", "iOS", "4711", "&lt;b&gt;Odd", "With notification"))
            #expect(page.has("channel 25;", "channel 6;", "@TOA#_25 &lt;s&gt;", "%40TOA%23_25%20%3Cs%3E"))
            #expect(!page.text.split(separator: #"id="owned""#)[0].contains("channel 5;"))
            #expect(!page.has("<b>Odd") && !page.has(#"href="javascript"#))
            #expect(!page.has("<form method=\"post\" action=\"\(Self.oddPath)"))
            let link = try #require(page.text.firstMatch(of: /\?before=[^"]+#subscriptions/)?.output)
            let older = try await browser.get(Self.oddPath + link.replacing("&amp;", with: "&").dropLast(14))
            let subscriptions = older.text.split(separator: #"id="owned""#)[0]
            #expect(subscriptions.contains("channel 5;") && subscriptions.contains("channel 1;"))
            #expect(!subscriptions.contains("channel 6;"))
        }
    }

    @Test("what is changed is what was typed; an empty field empties")
    func change() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let account = NewAccount(id: Self.odd, nick: "Odd", faceURL: "https://img.example/o.png")
            try await installation.accounts.import(account, for: installation.call())
            let browser = try await Browser(installation, as: .operator)

            let form = "\(Self.oddPath)/profile"
            let reply = try await browser.submit(Self.oddPath, to: form, ["nick": "Even", "face": ""])

            #expect(reply.headers[.location] == "\(Self.oddPath)?done=accountChanged")
            let changed = try await installation.accounts.find(Self.odd, of: .example)
            #expect(changed?.nick == "Even" && changed?.faceURL == "")
            let long = String(repeating: "é", count: 251)
            let refused = try await browser.submit(Self.oddPath, to: form, ["nick": long, "face": "kept"])
            #expect(refused.status == .unprocessableContent && refused.has("40601", long, #"value="kept""#))
        }
    }

    @Test("kicking voids what was signed, in the operator's name")
    func kick() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            try await installation.importAccounts(Self.odd.rawValue)
            let browser = try await Browser(installation, as: .operator)

            _ = try await browser.post("\(Self.oddPath)/kick")

            let void = try await installation.accounts.signaturesVoidUntil(Self.odd, of: .example)
            #expect(void == installation.clock.now.seconds)
            let entry = try #require(try await installation.audit().first { $0.action == "kick" })
            #expect(entry.caller == "operator:operator" && entry.target == Self.odd.rawValue)
        }
    }

    @Test("an account is deleted when its UserID was typed, an admin never")
    func delete() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            try await installation.importAccounts(Self.odd.rawValue)
            let browser = try await Browser(installation, as: .operator)

            let unconfirmed = try await browser.post("\(Self.oddPath)/delete", ["confirmation": "a#b"])
            let admin = try await browser.post(
                "\(Self.path)/administrator/delete",
                ["confirmation": "administrator"]
            )
            #expect(unconfirmed.status == .unprocessableContent && unconfirmed.has(#"value="a#b""#))
            #expect(admin.status == .unprocessableContent && admin.has("remove it from the admins first"))
            #expect(try await installation.applications.usage(of: .example).accounts == 2)

            let deleted = try await browser.post("\(Self.oddPath)/delete", ["confirmation": Self.odd.rawValue])
            #expect(deleted.headers[.location] == "\(Self.path)?done=accountDeleted")
            #expect(try await installation.accounts.find(Self.odd, of: .example) == nil)
            #expect(try await browser.get(Self.oddPath).status == .notFound)
        }
    }

    @Test("who only reads changes nothing, and nobody does without the form's token")
    func refused() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            try await installation.importAccounts(Self.odd.rawValue)
            let reader = try await Browser(installation, as: .readOnly)
            let before = try await installation.audit().count
            let form = ["confirmation": Self.odd.rawValue, "nick": "x", "id": "new", "rows": "new"]
            let paths =
                ["profile", "kick", "delete"].map { "\(Self.oddPath)/\($0)" } + [Self.path, Self.path + "-import"]
            for path in paths {
                #expect(try await reader.post(path, form).status == .forbidden)
            }
            #expect(
                try await !reader.get("\(Self.path)-import").has("<form method=\"post\" action=\"\(Self.path)")
            )
            // Alice is an owner from here on.
            let forger = try await Browser(installation, as: .owner)
            for path in paths {
                #expect(try await forger.post(path, form, token: "forged").status == .forbidden)
            }
            #expect(try await installation.audit().count == before)
        }
    }
}
