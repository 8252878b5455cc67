import Chat
import ChatProtocol
import Database
import HTTPTypes
import RostrumTesting
import Testing

/// No page is heavier than 200 kB, whatever users and backends write.
@Suite struct PageWeightTests {
    private static let heaviest = 200_000

    /// Lists within lists, which indented would be many times as long.
    private func nested(_ length: Int) -> String {
        String(repeating: "[", count: 90) + String(repeating: "[{}],", count: (length - 182) / 5) + "[]"
            + String(repeating: "]", count: 90)
    }

    @Test("a webhook's body and its attempts", arguments: [1, 700])
    func delivery(attempts: Int) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let body = Array(nested(WebhookAttempt.longestRequestHead - 10).utf8)
            _ = try await installation.database.write { tx throws(ChatError) in
                for number in 1...attempts {
                    try tx.execute(
                        """
                        INSERT INTO webhook_attempts (app, at, delivery, attempt, channel, command, outcome, status,
                            latency_ms, reply, request)
                        VALUES (\(SDKAppID.example), \(number), 'd', \(number), 'lane', 'C', 'status 200', 200, 7,
                            \(Array(repeating: UInt8(ascii: "\""), count: 256)), \(body))
                        """
                    )
                }
            }
            let browser = try await Browser(installation, as: .readOnly)
            var path: String? = "/console/apps/\(SDKAppID.example)/webhooks/deliveries/d"
            var shown = 0
            while let page = path {
                let text = try await browser.get(page).text
                #expect(text.utf8.count < Self.heaviest && text.contains("[{}],"))
                shown += text.matches(of: /<td class="reply">/).count
                let next = text.firstMatch(of: /href="([^"#]+)#attempts" rel="next"/)
                path = next.map { String($0.output.1) }
            }
            #expect(shown == attempts)
        }
    }

    @Test("a post of an element of one's own, and of many", arguments: [1, 40])
    func post(elements: Int) async throws {
        try await withChannelBrowser { browser, installation in
            let content = try JSONValue(parsing: Array(nested(11_500 / elements - 64).utf8))
            let element = JSONValue.object([
                "MsgType": .string("TIMFileElem"), "MsgContent": .object(["UUID": .string("f"), "Own": content]),
            ])
            let body = try MessageBody(Array(repeating: element, count: elements))
            let new = NewBroadcast(channel: .news, random: 1, body: body)
            let key = try await installation.broadcasts.send(new, for: installation.call())

            let page = try await browser.get("\(ChannelPagesTests.news)/posts/\(key)")

            #expect(page.status == .ok && page.text.contains("[{}],"))
            #expect(page.text.utf8.count < Self.heaviest)
        }
    }

    @Test("operators, a page after the other")
    func operators() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)
            let statement: SQL = """
                WITH RECURSIVE numbers (n) AS (SELECT 100 UNION ALL SELECT n + 1 FROM numbers WHERE n < 398)
                INSERT INTO operators (name, role, password, used_step, created_at)
                SELECT 'operator_of_many_characters_' || n, 'read-only', '', 0, 0 FROM numbers
                """
            _ = try await installation.database.write { tx throws(ChatError) in try tx.execute(statement) }
            var path: String? = "/console/operators"
            var shown: [Substring] = []
            while let page = path {
                let text = try await browser.get(page).text
                #expect(text.utf8.count < Self.heaviest)
                shown += text.matches(of: /<th scope="row">([^<]+)</).map(\.output.1)
                path = text.firstMatch(of: /href="([^"]+)" rel="next"/).map { String($0.output.1) }
            }
            #expect(shown.count == 300 && shown == shown.sorted())
        }
    }

    @Test("a reply in the API explorer")
    func reply() async throws {
        try await withChannelBrowser { browser, installation in
            let names = (100..<150).map { "user_\($0)" }
            _ = try await installation.accounts.importAll(
                names.map { NewAccount(id: UserID($0)) },
                for: installation.call()
            )
            _ = try await installation.subscribers.add(names, to: .news, for: installation.call())
            let body = ["command": "get_subscriber_info", "body": #"{"Official_Account":"\#(ChannelID.news)"}"#]
            let explorer = Browser.path("tools/explorer")
            let short = try await browser.post(explorer, body).text
            let statement: SQL = "UPDATE subscriptions SET custom_string = \(String(repeating: "\"", count: 3000))"
            _ = try await installation.database.write { tx throws(ChatError) in try tx.execute(statement) }

            let long = try await browser.post(explorer, body).text

            let hint = "Only the beginning of the reply is shown"
            #expect(short.contains("user_149") && !short.contains(hint))
            #expect(long.contains("user_100") && long.contains(hint))
            #expect(long.utf8.count < Self.heaviest)
        }
    }

    /// Goes from page to page to the last one.
    ///
    /// - Returns: how many pages there were.
    private func walk(_ path: String, _ browser: Browser, _ look: (String) throws -> Void) async throws -> Int {
        var (next, count): (String?, Int) = (path, 0)
        while let page = next {
            let text = try await browser.get(page).text
            #expect(text.utf8.count < Self.heaviest)
            try look(text)
            count += 1
            next = text.firstMatch(of: /href="([^"]+)" rel="next"/).map {
                String($0.output.1).replacing("&amp;", with: "&")
            }
        }
        return count
    }

    @Test("the audit, which names whomever a call imported, each in whole")
    func audit() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let names = (0..<100).map { "user_of_thirty_two_characters_\($0 / 10)\($0 % 10)" }
            let target = names.joined(separator: ",")
            _ = try await installation.database.write { tx throws(ChatError) in
                for number in 1...120 {
                    try tx.execute(
                        """
                        INSERT INTO audit (app, at, request, operator, address, action, target)
                        VALUES (\(SDKAppID.example), \(number), \("r\(number)"), 'admin', '', 'account_import',
                            \("\(number):" + target))
                        """
                    )
                }
            }
            let browser = try await Browser(installation, as: .readOnly)
            var shown: [Int] = []
            let pages = try await walk(Browser.path("audit"), browser) { text in
                shown += text.matches(of: /<div class="lines">(\d+):([^<]*)</).compactMap {
                    $0.output.2 == target ? Int($0.output.1) : nil
                }
            }
            #expect(shown == Array((1...120).reversed()))
            #expect(pages > 2)
        }
    }

    @Test("subscribers with the longest custom strings, each in whole")
    func subscribers() async throws {
        try await withChannelBrowser { browser, installation in
            let names = (0..<20).map { "user\(100 + $0)" }
            let accounts = names.map { NewAccount(id: UserID($0)) }
            _ = try await installation.accounts.importAll(accounts, for: installation.call())
            _ = try await installation.subscribers.add(names, to: .news, for: installation.call())
            let note = String(repeating: "\"", count: Subscription.longestCustomString)
            _ = try await installation.database.write { tx throws(ChatError) in
                try tx.execute("UPDATE subscriptions SET custom_string = \(note)")
            }
            let whole = note.replacing("\"", with: "&quot;")
            var shown: [String] = []
            let pages = try await walk("\(ChannelPagesTests.news)/subscribers", browser) { text in
                shown += text.matches(of: /<th scope="row"><a[^>]*><code>(\w+)</).map { String($0.output.1) }
                #expect(text.contains("<div class=\"lines\">\(whole)</div>"))
            }
            #expect(shown.sorted() == names)
            #expect(pages > 2)
        }
    }
}
