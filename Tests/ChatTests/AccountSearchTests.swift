import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// Accounts are found by the beginning of their names, page by page, and one by its name.
@Suite struct AccountSearchTests {
    private func page(
        _ installation: TestInstallation,
        _ prefix: String,
        after last: String = "",
        limit: Int = 100
    ) async throws -> [String] {
        try await installation.accounts.page(of: .example, beginning: prefix, after: last, limit: limit)
            .map(\.id.rawValue)
    }

    @Test(
        "a prefix finds every name that begins with it, itself among them, and no other",
        arguments: StorageEngine.enabled
    )
    func prefixes(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("Zoe", "a", "a#", "an", "an.", "anna", "annz", "b")
            let expected = [
                "a": ["a", "a#", "administrator", "an", "an.", "anna", "annz"], "an": ["an", "an.", "anna", "annz"],
                "ann": ["anna", "annz"], "anna": ["anna"], "annas": [], "A": [], "Z": ["Zoe"],
                "": ["Zoe", "a", "a#", "administrator", "an", "an.", "anna", "annz", "b"],
                "é": [], "a\u{0}": [], " ": [], "a%": [], "a_": [],
            ]
            for (prefix, names) in expected {
                #expect(try await page(installation, prefix) == names, "\(prefix)")
            }
        }
    }

    @Test("pages meet each name once, also when the last one has gone meanwhile", arguments: StorageEngine.enabled)
    func pages(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.importAccounts("u1", "u11", "u2", "u3", "v")

            #expect(try await page(installation, "u", limit: 2) == ["u1", "u11"])
            _ = try await installation.accounts.delete([UserID("u11")], for: installation.call())
            #expect(try await page(installation, "u", after: "u11", limit: 2) == ["u2", "u3"])
            #expect(try await page(installation, "u", after: "u3", limit: 2) == [])
            #expect(try await page(installation, "", after: "u3", limit: 2) == ["v"])
        }
    }

    @Test("one account is found by its name, in its application", arguments: StorageEngine.enabled)
    func found(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.accounts.import(.example(nick: "Anna", faceURL: "a.png"), for: installation.call())

            let anna = try await installation.accounts.find(UserID("anna"), of: .example)
            #expect(anna?.nick == "Anna" && anna?.faceURL == "a.png" && anna?.createdAt == ManualClock.start)
            #expect(try await installation.accounts.find(UserID("Anna"), of: .example) == nil)
            #expect(try await installation.accounts.find(UserID("anna"), of: .other) == nil)
        }
    }

    @Test(
        "what a person wrote is an account, or is refused with the code that the REST API has for it",
        arguments: [
            ("anna", "A", "", nil), ("", "A", "", 70402), ("@TOA#_x", "A", "", 70402),
            ("anna", String(repeating: "é", count: 250), "", nil),
            ("anna", String(repeating: "é", count: 250) + "x", "", 40601),
            ("anna", "A", String(repeating: "x", count: 501), 40601), ("anna", "A\u{0}", "", 70402),
        ] as [(String, String, String, Int?)]
    )
    func written(name: String, nick: String, faceURL: String, code: Int?) {
        do throws(ChatError) {
            let account = try NewAccount(named: name, nick: nick, faceURL: faceURL)
            #expect(account.id.rawValue == name && account.nick == nick && account.faceURL == faceURL)
            #expect(code == nil)
        } catch {
            #expect(error.code.rawValue == code)
        }
    }
}
