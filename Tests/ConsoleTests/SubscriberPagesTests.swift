import Chat
import ChatProtocol
import HTTPTypes
import RostrumTesting
import Testing

/// Subscribers are listed, added, removed and taken away as a file.
@Suite struct SubscriberPagesTests {
    private let path = "\(ChannelPagesTests.news)/subscribers"

    /// Subscribes so many users, whose names begin alike, one after another.
    private func subscribe(_ count: Int, _ installation: TestInstallation, prefix: String = "user") async throws {
        let names = (0..<count).map { prefix + String(1000 + $0) }
        for start in stride(from: 0, to: count, by: 100) {
            let some = Array(names[start..<min(start + 100, count)])
            let call = try await installation.call()
            _ = try await installation.accounts.importAll(some.map { NewAccount(id: UserID($0)) }, for: call)
            _ = try await installation.subscribers.add(some, to: .news, for: installation.call())
        }
    }

    @Test("those who can be added are, and the others are named")
    func add() async throws {
        try await withChannelBrowser { browser, installation in
            let all = try await browser.post("\(path)/add", ["accounts": "anna\r\n\r\n"])
            #expect(all.headers[.location] == "\(path)?done=subscribersAdded")

            let some = try await browser.post("\(path)/add", ["accounts": "anna, ben\r\nnobody"])
            #expect(some.status == .ok)
            #expect(some.text.contains("<code>anna</code> <span class=\"badge good\">was subscribed already"))
            #expect(some.text.contains("<code>ben</code> <span class=\"badge good\">subscribed"))
            #expect(some.text.contains("<code>nobody</code> <span class=\"badge bad\">refused"))
            #expect(some.text.contains(">\nnobody</textarea>"))
            #expect(try await installation.find(.news)?.subscribers == 2)
        }
    }

    @Test("more than a call allows, or nobody, is refused and kept in the form")
    func tooMany() async throws {
        try await withChannelBrowser { browser, installation in
            let names = (1...101).map { "user\($0)" }.joined(separator: "\r\n")
            let reply = try await browser.post("\(path)/add", ["accounts": names])

            #expect(reply.status == .unprocessableContent)
            #expect(reply.text.contains("an array of 1 to 100 objects"))
            #expect(reply.text.contains("user101</textarea>"))
            #expect(try await browser.post("\(path)/add", ["accounts": " \r\n"]).status == .unprocessableContent)
            #expect(try await installation.find(.news)?.subscribers == 0)
        }
    }

    @Test("a subscriber is removed once")
    func remove() async throws {
        try await withChannelBrowser { browser, installation in
            _ = try await browser.post("\(path)/add", ["accounts": "anna\nben"])

            let removed = try await browser.post("\(path)/remove", ["accounts": "anna"])
            let again = try await browser.post("\(path)/remove", ["accounts": "anna"])

            #expect(removed.headers[.location] == "\(path)?done=subscribersRemoved")
            #expect(again.text.contains("was not subscribed"))
            #expect(try await installation.find(.news)?.subscribers == 1)
        }
    }

    @Test("the list goes by pages of a hundred, and a page of no channel begins again")
    func pages() async throws {
        try await withChannelBrowser { browser, installation in
            try await subscribe(150, installation)
            let first = try await browser.get(path).text
            let next = try #require(first.firstMatch(of: /<a href="([^"]+)" rel="next"/)?.output.1)
            let second = try await browser.get(String(next)).text

            #expect(first.contains("<code>user1000</code>") && first.contains("<code>user1099</code>"))
            #expect(!first.contains("<code>user1100</code>"))
            #expect(second.contains("<code>user1149</code>") && !second.contains("rel=\"next\""))
            #expect(try await browser.get("\(path)?after=nothing").text.contains("<code>user1000</code>"))
        }
    }

    @Test("one subscriber is found by the whole UserID, whatever stands before it")
    func find() async throws {
        try await withChannelBrowser { browser, installation in
            try await subscribe(150, installation)

            let found = try await browser.get("\(path)?account=user1149")
            #expect(found.has("<code>user1149</code>", "value=\"user1149\"", "All subscribers"))
            #expect(!found.has("<code>user1000</code>") && !found.has("rel=\"next\""))
            for name in ["user114", "anna", "%3Cb%3E", "%00"] {
                #expect(try await browser.get("\(path)?account=\(name)").has("No subscriber has exactly this UserID"))
            }
        }
    }

    @Test("who took the file away is in the audit")
    func fileIsAudited() async throws {
        try await withChannelBrowser(as: .readOnly) { browser, installation in
            _ = try await browser.send(.head, "\(path).csv")
            #expect(try await installation.audit().allSatisfy { $0.action != "export subscribers" })
            _ = try await browser.get("\(path).csv")

            let entry = try await installation.audit().first { $0.action == "export subscribers" }
            #expect(entry?.caller == "operator:read-only" && entry?.target == "@TOA#_news")
        }
    }

    @Test("the file has every subscriber once, whatever the number of pages it is read in")
    func file() async throws {
        try await withChannelBrowser { browser, installation in
            try await subscribe(2100, installation)
            let reply = try await browser.get("\(path).csv")

            #expect(reply.headers[.contentDisposition] == "attachment; filename=\"subscribers-news.csv\"")
            #expect(reply.headers[.contentType]?.hasPrefix("text/csv") == true)
            let lines = reply.text.split(separator: "\r\n")
            #expect(lines.first == "Subscriber_Account,SubscribeTime,MsgFlag,LastSendMsgTime,CustomString")
            #expect(lines.count == 2101)
            #expect(Set(lines).count == 2101)
            #expect(lines.last?.hasPrefix("user3099,") == true)
        }
    }

    @Test(
        "no cell is a formula, and none ends early",
        arguments: [
            ("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@SUM(A1)", "'@SUM(A1)"), ("\tx", "'\tx"), ("a=b", "a=b"),
            ("＝1+1", "'＝1+1"), ("＠SUM(A1)", "'＠SUM(A1)"),
            ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("=\"a\"\r\n,b", "\"'=\"\"a\"\"\r\n,b\""), ("天气", "天气"),
            // A mark that is combined with the sign makes another character of it, but not another sign.
            ("x\"\u{301},=1", "\"x\"\"\u{301},=1\""),
        ]
    )
    func cells(note: String, cell: String) async throws {
        try await withChannelBrowser { browser, installation in
            _ = try await installation.subscribers.add(["anna"], to: .news, for: installation.call())
            try await installation.subscribers.setCustomString(
                note,
                of: "anna",
                in: .news,
                for: installation.call()
            )

            let text = try await browser.get("\(path).csv").text

            #expect(text.hasSuffix(",AcceptAndNotify,,\(cell)\r\n"))
        }
    }
}
