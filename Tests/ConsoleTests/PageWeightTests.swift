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
}
