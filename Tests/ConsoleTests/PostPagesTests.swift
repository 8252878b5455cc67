import Chat
import ChatProtocol
import EventBus
import HTTPTypes
import RostrumTesting
import Testing

/// Posts are shown with what became of them, and recalled.
@Suite struct PostPagesTests {
    private let path = "\(ChannelPagesTests.news)/posts"

    @Test("history shows the newest first, the recalled ones as such, and pages by keys")
    func history() async throws {
        try await withChannelBrowser { browser, installation in
            try await installation.setLimits([.broadcastsPerSecond: 0, .broadcastsPerHour: 0])
            var keys: [MessageKey] = []
            for number in 1...25 {
                let body = try MessageBody([
                    .object([
                        "MsgType": .string("TIMTextElem"), "MsgContent": .object(["Text": .string("post \(number).")]),
                    ])
                ])
                let new = NewBroadcast(channel: .news, random: 1, body: body)
                keys.append(try await installation.broadcasts.send(new, for: installation.call()))
            }
            _ = try await installation.broadcasts.recall(
                [keys[23].rawValue],
                reason: nil,
                in: .news,
                for: installation.call()
            )
            let first = try await browser.get(path).text
            let next = try #require(first.firstMatch(of: /<a href="([^"]+)" rel="next"/)?.output.1)
            let second = try await browser.get(String(next)).text

            #expect(first.contains("post 25.") && first.contains("post 6.") && !first.contains("post 5."))
            #expect(!first.contains("post 24.") && first.contains("badge bad"))
            #expect(second.contains("post 5.") && second.contains("post 1.") && !second.contains("rel=\"next\""))
        }
    }

    @Test("history shows what was for those online alone, and what the webhook dropped, as such")
    func otherKinds() async throws {
        try await withChannelBrowser { browser, installation in
            let sent = try await browser.post(path, ["kind": "text", "random": "1", "text": "Now", "onlineOnly": "on"])
            let link = try #require(sent.headers[.location]?.split(separator: "?").first)

            let list = try await browser.get(path)

            #expect(list.has("href=\"\(link)\"", ">Online only<") && !list.has("Now"))
            #expect(try await browser.get(String(link)).has("its content was not kept"))
        }
    }

    @Test("a post's page has its receipt as numbers and bars, and what was sent")
    func receipt() async throws {
        try await withChannelBrowser { browser, installation in
            let sent = try await browser.post(path, ["kind": "text", "random": "1", "text": "Ferry"])
            let channel = try #require(try await installation.find(.news))
            let reference = ChannelReference(
                application: .example,
                channel: .news,
                incarnation: channel.incarnation
            )
            try await installation.receipts.add([
                BroadcastDelivery(
                    reference: reference,
                    seq: 1,
                    online: 2000,
                    written: 1500,
                    lagging: 1,
                    lastWriteMilliseconds: 1234
                )
            ])

            let text = try await browser.get(try #require(sent.headers[.location])).text

            for (count, width) in [("2,000", "100.0%"), ("1,500", "75.0%"), ("1", "0.5%"), ("0", "0%")] {
                #expect(text.contains("width=\"\(width)\" height=\"14\""))
                #expect(text.contains("<td class=\"number\">\(count)</td>"))
            }
            #expect(text.contains("<strong>1,234 ms</strong>"))
            #expect(text.contains("&quot;Text&quot;: &quot;Ferry&quot;"))
        }
    }

    @Test("a post is recalled once, with its reason")
    func recall() async throws {
        try await withChannelBrowser { browser, installation in
            let sent = try await browser.post(path, ["kind": "text", "random": "1", "text": "Ferry"])
            let post = try #require(sent.headers[.location]?.split(separator: "?").first.map(String.init))
            let reason = String(repeating: "x", count: 101)
            let tooLong = try await browser.post("\(post)/recall", ["reason": reason])
            let recalled = try await browser.post("\(post)/recall", ["reason": "a typo"])
            let again = try await browser.post("\(post)/recall", ["reason": ""])

            #expect(tooLong.status == .unprocessableContent && tooLong.text.contains("value=\"\(reason)\""))
            #expect(recalled.headers[.location] == "\(post)?done=postRecalled")
            #expect(again.status == .unprocessableContent)
            #expect(try await installation.firstPost()?.content == .recalled)
            let text = try await browser.get(post).text
            #expect(text.contains("<dd>a typo</dd>") && !text.contains("/recall\""))
        }
    }

    @Test("a post that is not there is not found", arguments: ["1_1_1", "none"])
    func missing(key: String) async throws {
        try await withChannelBrowser { browser, _ in
            let reply = try await browser.get("\(path)/\(key)")
            #expect(reply.status == .notFound)
        }
    }
}
