import Chat
import ChatProtocol
import Database
import EventBus
import HTTPTypes
import RostrumTesting
import Testing

/// Posts are written, looked at and sent.
@Suite struct ComposePagesTests {
    private let path = "\(ChannelPagesTests.news)/posts"
    private let preview = "\(ChannelPagesTests.news)/preview"

    @Test("the form draws a Random of its own, and a post that is sent twice is one")
    func once() async throws {
        try await withChannelBrowser { browser, installation in
            let compose = "\(ChannelPagesTests.news)/compose"
            let numbers = try await [browser.get(compose), browser.get(compose)].map { reply in
                String(try #require(reply.text.firstMatch(of: /name="random" value="(\d+)"/)?.output.1))
            }
            let fields = ["kind": "text", "random": numbers[0], "text": "Ferry 7\r\nis late "]
            let sent = try await browser.post(path, fields)
            let again = try await browser.post(path, fields)

            #expect(numbers[0] != numbers[1])
            let seconds = installation.clock.now.seconds
            #expect(sent.headers[.location] == "\(path)/1_1_\(seconds)?done=postSent")
            #expect(again.headers[.location] == sent.headers[.location])
            #expect(try await installation.find(.news)?.headSeq == 1)
            let broadcast = try await installation.firstPost()
            #expect(broadcast?.json == #"[{"MsgType":"TIMTextElem","MsgContent":{"Text":"Ferry 7\nis late "}}]"#)
        }
    }

    @Test(
        "a picture and an article are what the SDKs know them by",
        arguments: [
            (
                ["kind": "image", "imageURL": " https://img.example/a.PNG?x=1 ", "imageWidth": "800"],
                #"[{"MsgType":"TIMImageElem","MsgContent":{"UUID":"f00d","ImageFormat":3,"ImageInfoArray":"#
                    + #"[{"Type":1,"Width":800,"Height":0,"URL":"https://img.example/a.PNG?x=1"}]}}]"#
            ),
            (
                ["kind": "article", "articleTitle": "Tides", "content": "High", "link": "https://example.net/t"],
                #"[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"{\"businessID\":\"official_account_tweet\","#
                    + #"\"version\":1,\"title\":\"Tides\",\"content\":\"High\",\"link\":\"https://example.net/t\"}"}}]"#
            ),
            (
                ["kind": "article", "articleTitle": "T", "pictureURL": "https://i.example/p", "pictureHeight": "9"],
                #"[{"MsgType":"TIMCustomElem","MsgContent":{"Data":"{\"businessID\":\"official_account_tweet\","#
                    + #"\"version\":1,\"title\":\"T\",\"content\":\"\",\"link\":\"\",\"imageInfo\":"#
                    + #"{\"url\":\"https://i.example/p\",\"width\":0,\"height\":9}}"}}]"#
            ),
            (
                ["kind": "custom", "json": #"[ {"MsgType":"TIMFaceElem", "MsgContent":{"Index":6}} ]"#],
                #"[{"MsgType":"TIMFaceElem","MsgContent":{"Index":6}}]"#
            ),
        ] as [([String: String], String)]
    )
    func kinds(fields: [String: String], json: String) async throws {
        try await withChannelBrowser { browser, installation in
            let reply = try await browser.post(path, fields, more: ["random": "7", "pictureID": "f00d"])

            #expect(reply.status == .seeOther)
            let broadcast = try await installation.firstPost()
            #expect(broadcast?.json == json)
            #expect(broadcast?.random == 7)
        }
    }

    @Test("the options are those of the command")
    func options() async throws {
        try await withChannelBrowser { browser, installation in
            let reply = try await browser.post(
                path,
                ["kind": "text", "random": "7", "text": "x", "cloudCustomData": "{\"a\":1}", "onlineOnly": "on"]
            )
            let refused = try await browser.post(
                path,
                ["kind": "text", "random": "8", "text": "x", "onlineOnly": "on", "noLastMessage": "on"]
            )

            let location = try #require(reply.headers[.location])
            #expect(try await browser.get(location).text.contains("Sent to those who were online"))
            #expect(refused.status == .unprocessableContent)
            #expect(refused.text.contains("name=\"onlineOnly\" checked"))
            #expect(refused.text.contains("<details class=\"more\" open>"))
        }
    }

    @Test("what is said of pushing is kept with the post as OfflinePushInfo")
    func push() async throws {
        try await withChannelBrowser { browser, installation in
            let post = ["kind": "text", "text": "x"]
            let push = ["pushTitle": "Harbour", "pushDesc": "Late", "pushExt": "{}", "noPush": "on"]
            try await installation.setLimits([.broadcastsPerSecond: 0, .broadcastsPerHour: 0])
            for (number, more) in [push, ["pushTitle": "", "pushDesc": "", "pushExt": ""]].enumerated() {
                let reply = try await browser.post(path, post, more: more.merging(["random": "\(number)"]) { $1 })
                #expect(reply.status == .seeOther)
            }

            let kept = try await installation.database.read { tx throws(ChatError) in
                try tx.rows("SELECT push_info FROM broadcasts ORDER BY seq")
                    .map { row throws(ChatError) in try row.optionalBlob(0) }
            }
            #expect(
                kept.map { $0.map { String(decoding: $0, as: UTF8.self) } } == [
                    #"{"PushFlag":1,"Title":"Harbour","Desc":"Late","Ext":"{}"}"#, nil,
                ]
            )
            let refused = try await browser.post(path, post, more: push.merging(["random": "x"]) { $1 })
            #expect(refused.status == .badRequest)
        }
    }

    @Test(
        "a refused post keeps what was typed and its Random",
        arguments: [
            (["kind": "text", "text": " "], "“Text” is still empty."),
            (["kind": "image", "imageURL": ""], "“Image URL” is still empty."),
            (["kind": "custom", "json": "[{]"], "MsgBody is no JSON"),
            (["kind": "custom", "json": "[]"], "MsgBody must be an array of at least one element"),
            (["kind": "image", "imageURL": "u", "imageWidth": "wide"], "Width must be a number"),
            (["kind": "text", "text": String(repeating: "x", count: 12_288)], "at most 12288 are allowed"),
        ] as [([String: String], String)]
    )
    func refused(fields: [String: String], words: String) async throws {
        try await withChannelBrowser { browser, installation in
            let reply = try await browser.post(path, fields, more: ["random": "4294967295"])

            #expect(reply.status == .unprocessableContent)
            #expect(reply.text.contains(words))
            #expect(reply.text.contains("name=\"random\" value=\"4294967295\""))
            for (name, typed) in fields {
                let kept = name == "kind" ? "value=\"\(typed)\" checked" : "value=\"\(typed)\""
                #expect(reply.text.contains(kept) || reply.text.contains("\n\(typed)</textarea>"))
            }
            #expect(try await installation.find(.news)?.headSeq == 0)
        }
    }

    @Test("the preview shows the post, its length and why it cannot be sent, and asks nobody else for anything")
    func previews() async throws {
        try await withChannelBrowser { browser, installation in
            let fields = ["kind": "image", "random": "1", "imageURL": "https://img.example/a.png"]
            let whole = try await browser.post(preview, fields)
            let alone = try await browser.post(preview, fields, more: ["alone": "1"])
            let fault = try await browser.post(preview, ["kind": "text", "random": "1", "alone": "1"])

            #expect(whole.status == .ok && whole.text.contains("<form"))
            #expect(!alone.text.contains("<html") && !alone.text.contains("<img") && !whole.text.contains("<img"))
            for reply in [whole, alone] { #expect(reply.text.contains("<figcaption>https://img.example/a.png")) }
            #expect(alone.text.contains("/ 12,288 bytes"))
            #expect(fault.text.contains("“Text” is still empty."))
            #expect(try await installation.find(.news)?.headSeq == 0)
        }
    }
}

extension TestInstallation {
    /// What is stored under the number 1.
    func firstPost() async throws -> Broadcast? {
        try await broadcasts.history(
            of: .news,
            before: nil,
            number: 20,
            withRecalled: true,
            of: application(),
            at: clock.now
        ).broadcasts.first
    }
}

extension Broadcast {
    /// Its elements as they are stored; nil when its content is not shown.
    fileprivate var json: String? {
        guard case .message(let body, _) = content else { return nil }
        return String(decoding: body.json, as: UTF8.self)
    }
}
