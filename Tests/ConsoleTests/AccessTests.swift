import Chat
import ChatProtocol
import Console
import HTTPTypes
import RostrumTesting
import Testing

/// Who gets in, and what other pages cannot do.
@Suite struct AccessTests {
    private func withBrowser(
        origins: [String] = [],
        _ body: (inout Browser) async throws -> Void
    ) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            var browser = try await Browser(installation, origins: origins)
            try await body(&browser)
        }
    }

    @Test("who is not signed in is sent to where he can, and back to where he wanted to be")
    func asksToSignIn() async throws {
        try await withBrowser { browser in
            let reply = try await browser.get("/console/audit")
            #expect(reply.status == .seeOther)
            #expect(reply.headers[.location] == "/console/sign-in?next=/console/audit")
            #expect(
                try await browser.get("/console/sign-in?next=/console/audit").text.contains("value=\"/console/audit\"")
            )
        }
    }

    @Test(
        "a link leads nowhere but to the console",
        arguments: [
            "https://example.com", "//example.com", "/console//example.com", "/consoles", "/console/\"><script>",
            "/console/../v4", "/console/%2e%2E/v4", "/console/.%2e", "/console/é", "/console/a\r\nb", "/console\\evil",
        ]
    )
    func nextStaysHere(link: String) async throws {
        try await withBrowser { browser in
            let path = "/console/sign-in?next=" + link.utf8.map { "%" + hexadecimal([$0]) }.joined()
            let reply = try await browser.get(path)
            #expect(reply.text.contains("name=\"next\" value=\"/console\""))
        }
    }

    @Test("a wrong name and a wrong password are told alike")
    func failuresAreAlike() async throws {
        try await withBrowser { browser in
            let operation = Operation(performer: "test", time: ManualClock.start, random: SeededRandom())
            let alice = try #require(OperatorName(rawValue: "alice"))
            try await browser.operators.create(alice, .owner, password: "correct horse battery", by: operation)

            let wrong = try await browser.post("/console/sign-in", ["name": "alice", "password": "wrong"])
            let missing = try await browser.post("/console/sign-in", ["name": "mallory", "password": "wrong"])
            #expect(wrong.status == .forbidden && missing.status == .forbidden)
            #expect(wrong.text.replacing("alice", with: "mallory") == missing.text)

            let right = try await browser.post(
                "/console/sign-in",
                ["name": "Alice", "password": "correct horse battery", "next": "/console/audit"]
            )
            #expect(right.status == .seeOther)
            #expect(right.headers[.location] == "/console/audit")
            let cookie = try #require(right.headers[.setCookie])
            #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("Secure"))
        }
    }

    @Test("a form from another page, of another session or without a token changes nothing")
    func crossSite() async throws {
        try await withBrowser { browser in
            try await browser.signIn(.owner)
            let fields = ["name": "carol", "role": "owner", "password": "correct horse battery"]
            let foreign = try await browser.post(
                "/console/operators",
                fields,
                headers: [.origin: "https://evil.example"]
            )
            let opaque = try await browser.post("/console/operators", fields, headers: [.origin: "null"])
            let withoutOrigin = try await browser.send(.post, "/console/operators", body: "name=carol")
            let forged = try await browser.post("/console/operators", fields, token: String(repeating: "0", count: 64))
            let withoutToken = try await browser.post("/console/operators", fields, token: "")
            for reply in [foreign, opaque, withoutOrigin, forged, withoutToken] { #expect(reply.status == .forbidden) }
            #expect(try await browser.operators.all().map(\.name.rawValue) == ["owner"])

            #expect(try await browser.post("/console/operators", fields).status == .seeOther)
            #expect(try await browser.operators.all().map(\.name.rawValue) == ["carol", "owner"])
        }
    }

    @Test("what a browser says comes from elsewhere changes nothing, whatever its origin says")
    func fetchSite() async throws {
        try await withBrowser { browser in
            try await browser.signIn(.owner)
            let fields = ["name": "carol", "role": "owner", "password": "correct horse battery"]
            for site in ["cross-site", "same-site", "none", ""] {
                let reply = try await browser.post("/console/operators", fields, headers: [.fetchSite: site])
                #expect(reply.status == .forbidden, "\(site)")
            }
            #expect(try await browser.operators.all().count == 1)
            #expect(try await browser.get("/console/operators", headers: [.fetchSite: "cross-site"]).status == .ok)
            let own = try await browser.post("/console/operators", fields, headers: [.fetchSite: "same-origin"])
            #expect(own.status == .seeOther)
            #expect(try await browser.operators.all().count == 2)
        }
    }

    @Test("of many attempts to sign in at once some are judged and the others refused, and none gets in")
    func atOnce() async throws {
        try await withBrowser { browser in
            let operation = Operation(performer: "test", time: ManualClock.start, random: SeededRandom())
            let alice = try #require(OperatorName(rawValue: "alice"))
            try await browser.operators.create(alice, .owner, password: "correct horse battery", by: operation)
            let statuses = try await withThrowingTaskGroup(of: HTTPResponse.Status.self) { [browser] group in
                for number in 0..<24 {
                    group.addTask {
                        try await browser.post("/console/sign-in", ["name": "alice", "password": "wrong \(number)"])
                            .status
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(statuses).isSubset(of: [.forbidden, .tooManyRequests]))
            #expect(statuses.contains(.forbidden))
            #expect(statuses.count { $0 == .forbidden } <= 10)
        }
    }

    @Test("under a name that nobody vouched for there is no console")
    func foreignHost() async throws {
        try await withBrowser { browser in
            for host in ["evil.example", "evil.example:8080", ""] {
                let reply = try await browser.get("/console/sign-in", headers: [.host: host])
                #expect(reply.status == .misdirectedRequest)
            }
            for host in ["127.0.0.1:8080", "[::1]:8080", "localhost", "192.0.2.7"] {
                #expect(try await browser.get("/console/sign-in", headers: [.host: host]).status == .ok)
            }
        }
        try await withBrowser(origins: ["https://console.example"]) { browser in
            #expect(try await browser.get("/console/sign-in", headers: [.host: "console.example"]).status == .ok)
            #expect(try await browser.get("/console/sign-in").status == .misdirectedRequest)
            let reply = try await browser.post(
                "/console/sign-in",
                ["name": "alice"],
                headers: [.host: "console.example", .origin: "https://console.example"]
            )
            #expect(reply.text.contains("role=\"alert\""))
        }
    }

    @Test("HEAD of a page answers as GET does, without a body")
    func head() async throws {
        try await withBrowser { browser in
            #expect(
                try await browser.send(.head, "/console/audit").headers[.location]?.contains("next=/console/audit")
                    == true
            )
            try await browser.signIn(.owner)
            for path in [
                "/console/apps", "/console/audit", "/console/nowhere", "/console/apps/7", "/console/console.css",
            ] {
                let (page, head) = (try await browser.get(path), try await browser.send(.head, path))
                #expect(head.status == page.status && head.text.isEmpty && !page.text.isEmpty, "\(path)")
                #expect(head.headers[.contentType] == page.headers[.contentType])
            }
        }
    }

    @Test("what is not there is a page in the visitor's language, with ways on")
    func missing() async throws {
        try await withBrowser { browser in
            #expect(try await browser.get("/console/nowhere").status == .seeOther)
            try await browser.signIn(.readOnly)
            let paths = ["nowhere", "apps/7", "apps/1400000001/accounts/nobody", "apps/1400000001/nothing"]
            for path in paths + ["apps/1400000001/channels/%40TOA%23_none"] {
                let page = try await browser.get("/console/\(path)", headers: [.acceptLanguage: "ja"])
                #expect(page.status == .notFound, "\(path)")
                #expect(page.has("<html lang=\"ja\">", "見つかりません", "href=\"/console/monitor\"", ">戻る</a>"), "\(path)")
            }
        }
    }

    @Test("a refusal is told in the visitor's language, and in the words of the API beside it")
    func refusalsAreTranslated() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)
            let page = try await browser.post(
                Browser.path("channels"),
                ["owner": "nobody", "name": "Tides"],
                headers: [.acceptLanguage: "zh-CN"]
            )
            #expect(page.status == .unprocessableContent)
            #expect(page.has("<strong>所填账号尚未导入。</strong>", "<span lang=\"en\">Owner_Account names", "70107"))
            let name = try await browser.post(
                Browser.path("settings/delete"),
                ["confirmation": "no"],
                headers: [.acceptLanguage: "zh-CN"]
            )
            #expect(!name.has("<span lang=\"en\">") && !name.has("ErrorCode"))
        }
    }

    @Test("nothing is kept or framed, and no script of a page itself runs")
    func headers() async throws {
        try await withBrowser { browser in
            try await browser.signIn(.owner)
            for path in ["/console/sign-in", "/console/operators", "/console/audit", "/console/nowhere"] {
                let reply = try await browser.get(path)
                let policy = try #require(reply.headers[.contentSecurityPolicy])
                #expect(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"))
                #expect(!policy.contains("unsafe"))
                #expect(reply.headers[.cacheControl] == "no-store")
                #expect(reply.headers[.xContentTypeOptions] == "nosniff")
                #expect(!reply.text.contains("style=\"") && !reply.text.contains(" onclick="))
            }
        }
    }
}

extension HTTPField.Name {
    fileprivate static let fetchSite = HTTPField.Name("Sec-Fetch-Site") ?? .origin
    fileprivate static let host = HTTPField.Name("Host") ?? .origin
}
