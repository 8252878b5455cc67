import Chat
import ChatProtocol
import HTTPTypes
import RostrumTesting
import Testing

/// Applications are listed, made, looked at and changed.
@Suite struct ApplicationPagesTests {
    private static let markup = #"<script>alert("x")</script>"#
    private static let escaped = "&lt;script&gt;"
    private static let path = "/console/apps/\(SDKAppID.example)"

    @Test("the list has every application with its plan, state and usage")
    func list() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let other = NewApplication.example(id: .other, name: Self.markup, plan: .trial)
            _ = try await installation.applications.create(other, by: installation.operation())
            try await installation.importAccounts("anna")

            let page = try await Browser(installation, as: .readOnly).get("/console/apps")

            #expect(page.status == .ok)
            #expect(page.has("Harbour", "1400000001", "Enterprise", "Serving", "0 of 100,000", "2, no limit"))
            #expect(page.has(Self.escaped, "1400000002", "Trial", "Until 2026-01-31", "1 of 100"))
            #expect(!page.has("<script>alert"))
            #expect(!page.has("/console/apps/new"))
        }
    }

    @Test("a list of many applications comes in pages, each application once")
    func pages() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            for number in 1...70 {
                let new = NewApplication.example(id: SDKAppID(Int64(number)), name: "number \(number);")
                _ = try await installation.applications.create(new, by: installation.operation())
            }
            let browser = try await Browser(installation, as: .owner)

            let first = try await browser.get("/console/apps")
            let second = try await browser.get("/console/apps?after=50")

            #expect(first.has("number 1;", "number 50;", "/console/apps?after=50") && !first.has("number 51;"))
            #expect(second.has("number 51;", "number 70;", "Harbour") && !second.has("number 50;"))
            #expect(!second.has("?after="))
        }
    }

    @Test("an owner makes an application and sees its key once, on a page that nothing keeps")
    func create() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)

            let made = try await browser.post(
                "/console/apps",
                ["id": "1400000002", "name": "Second", "plan": "trial", "admins": "administrator, boss\nchief"]
            )

            let application = try await installation.application(.other)
            let key = try #require(application.keys.first?.text)
            #expect(made.status == .ok && made.has(key, "shown this once"))
            #expect(made.headers[.cacheControl] == "no-store")
            #expect(application.name == "Second" && application.plan == .trial)
            #expect(application.admins == [.administrator, UserID("boss"), UserID("chief")])
            #expect(try await installation.audit(of: .other).first?.caller == "operator:owner")
            for path in [
                "/console/apps", "/console/apps/1400000002", "/console/apps/1400000002/settings",
                "/console/apps/1400000002/audit",
            ] {
                #expect(try await !browser.get(path).has(key))
            }
        }
    }

    @Test("an application without a number gets a free one")
    func createWithoutNumber() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)

            let page = try await browser.get("/console/apps/new")
            let number = String(try #require(page.text.firstMatch(of: /name="freeNumber" value="(14\d{8})"/)?.output.1))
            let form = ["freeNumber": number, "name": "Free", "plan": "enterprise", "admins": "boss"]
            _ = try await browser.post("/console/apps", form)

            let made = try await installation.applications.all().first { $0.name == "Free" }
            #expect(made?.id.description == number)
        }
    }

    @Test(
        "what cannot be made is refused in words, and what was typed stays",
        arguments: [
            (["id": "0", "admins": "boss"], "must be 1 to 4294967295"),
            (["id": "1400000001", "admins": "boss"], "exists already"),
            (["plan": "gold", "admins": "boss"], "The plan is one of"),
            (["admins": "bo ss<b>"], "A UserID must be"),
            (["admins": "boss", "name": String(repeating: "é", count: 76)], "0 to 150 bytes"),
            (["admins": "boss", "name": "a\u{0}b"], "without NUL"),
        ] as [([String: String], String)]
    )
    func createRefused(fields: [String: String], reason: String) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)
            let form = ["plan": "trial", "name": "Kept", "freeNumber": "1400000003"].merging(fields) { $1 }

            let page = try await browser.post("/console/apps", form)

            #expect(page.status == .unprocessableContent && page.has(reason))
            #expect(page.has(#"value="\#(form["name"] ?? "")""#))
            #expect(try await installation.applications.all().count == 1)
        }
    }

    @Test("the overview shows usage against limits, facts, admins and the latest changes")
    func overview() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            try await installation.setLimits([.accounts: 4, .messageBytes: 5000])
            try await installation.importAccounts("anna", "bob", "carl")
            let browser = try await Browser(installation, as: .readOnly)

            let page = try await browser.get(Self.path)

            #expect(page.status == .ok)
            #expect(page.has("4 of 4", #"class="bar bad""#, #"width="100""#, "5,000", "own"))
            #expect(page.has("multiaccount_import", "\(Self.path)/accounts/administrator"))
            #expect(!page.has("/settings"))
        }
    }

    @Test("the audit comes in pages of a hundred, newest first, each entry once")
    func audit() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            for number in 0..<150 {
                installation.clock.advance(seconds: 1)
                let id = UserID("user-\(number)-")
                try await installation.accounts.import(.example(id: id), for: installation.call())
            }
            let browser = try await Browser(installation, as: .readOnly)

            let first = try await browser.get("\(Self.path)/audit")
            let link = try #require(first.text.firstMatch(of: /\/console\/apps\/\d+\/audit\?[^"]+/)?.output)
            let second = try await browser.get(String(link).replacing("&amp;", with: "&"))

            #expect(first.has("user-149-", "user-50-") && !first.has("user-49-"))
            #expect(second.has("user-49-", "user-0-", "app create") && !second.has("user-50-"))
        }
    }

    @Test("there is no page of an application that is not there")
    func missing() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)
            for path in ["7", "7/audit", "7/settings", "7/accounts", "7/channels/@TOA%23x", "x", "7/tools"] {
                let page = try await browser.get("/console/apps/\(path)")
                #expect(page.status == .notFound, "\(path)")
                #expect(page.has("There is no such application.", "/console/operators", "</html>"))
            }
        }
    }

    @Test("the pages are in the language that the browser asks for", arguments: [("zh-CN", "应用管理"), ("ja", "公式チャンネル")])
    func languages(language: String, text: String) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)
            #expect(try await browser.get("/console/apps", headers: [.acceptLanguage: language]).has(text))
        }
    }
}
