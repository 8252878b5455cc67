import Chat
import ChatProtocol
import HTTPTypes
import RostrumTesting
import Testing
import UserSig
import Web

/// The UserSig checker and maker.
@Suite struct UserSigToolTests {
    private static let page = Browser.path("tools/usersig")
    private static let script = "<script>alert(1)</script>"

    private func withBrowser(
        _ role: OperatorRole,
        _ body: (Browser, TestInstallation) async throws -> Void
    ) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            var browser = try await Browser(installation)
            try await browser.signIn(role)
            try await body(browser, installation)
        }
    }

    @Test("a good token is said to be good, with what it says")
    func good() async throws {
        try await withBrowser(.readOnly) { browser, _ in
            let reply = try await browser.post(Self.page, ["token": UserSig.example()])

            #expect(reply.status == .ok)
            #expect(reply.text.contains("is good until 2026-01-02 00:00:00 UTC"))
            #expect(reply.text.contains("TLS.identifier&quot;: &quot;administrator"))
            #expect(!reply.text.contains("class=\"bad\"") && !reply.text.contains("role=\"alert\""))
        }
    }

    @Test(
        "a refused token is refused for what is wrong with it",
        arguments: [
            ("not base64", "is not Base64 with"), ("AAAA", "not compressed with zlib"), ("", "It is empty."),
            (UserSig.example(of: .other), "Made for application 1400000002, not for 1400000001."),
            (UserSig.example(for: UserID("anna")), "Made for anna, not for administrator."),
            (UserSig.example(key: "another"), "Tried: the keys from 2026-01-01 00:00:00 UTC"),
            (UserSig.example(lifetime: 60), "It ended at 2026-01-01 00:01:00 UTC."),
            (UserSig.example(lifetime: -5), "Its lifetime is -5 seconds"),
            (UserSig.example(issuedAt: ManualClock.start.advanced(bySeconds: 3600)), "more than 300 seconds from now"),
        ]
    )
    func bad(token: String, sentence: String) async throws {
        try await withBrowser(.readOnly) { browser, installation in
            installation.clock.advance(seconds: 60)

            let reply = try await browser.post(Self.page, ["token": token, "identifier": "administrator"])

            #expect(reply.text.contains("This UserSig is refused.") && reply.text.contains(sentence))
        }
    }

    @Test("there are words for every way in which a token cannot be taken apart", arguments: ["en", "zh-Hans", "ja"])
    func words(language: String) throws {
        let texts = try JSONValue(parsing: WebFile.texts(language))["tools"]?["usersig"]?["malformed"]
        for malformation in UserSigError.Malformation.allCases { #expect(texts?["\(malformation)"]?.text != nil) }
        #expect(texts?.object?.members.count == UserSigError.Malformation.allCases.count + 1)
    }

    @Test("a kick and a foreign key are told, and no key of any application")
    func hints() async throws {
        try await withBrowser(.operator) { browser, installation in
            let other = NewApplication.example(id: .other, key: "the other application's own key")
            _ = try await installation.applications.create(other, by: installation.operation())
            try await installation.importAccounts("anna")
            try await installation.accounts.kick(UserID("anna"), for: installation.call())

            let foreign = try await browser.post(Self.page, ["token": UserSig.example(of: .other, key: other.key)])
            let kicked = try await browser.post(Self.page, ["token": UserSig.example(for: UserID("anna"))])

            #expect(foreign.text.contains("A key of application 1400000002 did."))
            #expect(kicked.text.contains("A kick or a deletion made void"))
            #expect(kicked.text.contains("anna is no admin of the application"))
            for reply in [foreign, kicked] {
                #expect(!reply.text.contains(NewApplication.exampleKey) && !reply.text.contains("own key"))
            }
        }
    }

    @Test("what stands in a token or a field is shown as text")
    func escaping() async throws {
        try await withBrowser(.owner) { browser, _ in
            let token = UserSig.token(
                sdkAppID: SDKAppID.example.rawValue,
                identifier: Self.script,
                key: NewApplication.exampleKey,
                issuedAt: ManualClock.start.seconds
            )
            let replies = [
                try await browser.post(Self.page, ["token": token]),
                try await browser.post(Self.page, ["token": Self.script, "identifier": Self.script]),
                try await browser.post(Self.page + "/make", ["identifier": Self.script, "amount": "\"><b>"]),
            ]
            for reply in replies {
                #expect(!reply.text.contains(Self.script) && !reply.text.contains("\"><b>"))
                #expect(reply.text.contains("&lt;script&gt;"))
            }
        }
    }

    @Test("an owner makes a token that is good, and the page keeps what he typed when it cannot be")
    func making() async throws {
        try await withBrowser(.owner) { browser, installation in
            let reply = try await browser.post(
                Self.page + "/make",
                ["identifier": "anna", "amount": "2", "unit": "hours"]
            )
            let match = try #require(reply.text.firstMatch(of: /<code id="made">([^<]+)<\/code>/))
            let report = try await UserSigs(installation.systems)
                .report(
                    on: String(match.output.1),
                    as: "anna",
                    of: installation.application(),
                    at: ManualClock.start.advanced(bySeconds: 7199)
                )
            #expect(report.isGood && report.claims?.lifetime == 7200)
            let entries = try await installation.audit()
            #expect(entries.contains { $0.action == "app make-usersig anna" && $0.caller == "operator:owner" })

            for fields in [
                ["identifier": "anna", "amount": "0", "unit": "days"],
                ["identifier": "anna", "amount": "99999999999999999999", "unit": "days"],
                ["identifier": "anna", "amount": "1", "unit": "years"],
                ["identifier": "a b", "amount": "1", "unit": "days"],
            ] as [[String: String]] {
                let refused = try await browser.post(Self.page + "/make", fields)
                #expect(refused.status == .unprocessableContent && refused.text.contains("role=\"alert\""))
                for name in ["identifier", "amount"] {
                    #expect(refused.text.contains("value=\"\(fields[name] ?? "")\""))
                }
                #expect(!refused.text.contains("id=\"made\""))
            }
        }
    }

    @Test("nobody but an owner makes a token", arguments: [OperatorRole.readOnly, .operator])
    func makingIsForOwners(role: OperatorRole) async throws {
        try await withBrowser(role) { browser, installation in
            let count = try await installation.audit().count
            #expect(try await !browser.get(Self.page).text.contains("/usersig/make"))

            let reply = try await browser.post(
                Self.page + "/make",
                ["identifier": "administrator", "amount": "1", "unit": "days"]
            )

            #expect(reply.status == .forbidden && !reply.text.contains("id=\"made\""))
            #expect(try await installation.audit().count == count)
        }
    }
}
