import Chat
import ChatProtocol
import Console
import Database
import HTTPTypes
import RostrumTesting
import Testing

/// Whose session a request belongs to, and what an open session is not enough for.
@Suite struct SessionTests {
    private static let password = "correct horse battery"

    private func withBrowser(
        origins: [String] = [],
        _ body: (inout Browser) async throws -> Void
    ) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            var browser = try await Browser(installation, origins: origins)
            let alice = try #require(OperatorName(rawValue: "alice"))
            let operation = installation.operation()
            try await browser.operators.create(alice, .owner, password: Self.password, by: operation)
            try await body(&browser)
        }
    }

    @Test("over TLS the cookie is for this host alone, and one without the prefix is nobody's")
    func plantedCookie() async throws {
        try await withBrowser(origins: ["https://console.example", "http://localhost:8443"]) { browser in
            func signIn(_ origin: String, host: String) async throws -> String {
                let fields = ["name": "alice", "password": Self.password]
                let headers: HTTPFields = [.host: host, .origin: origin]
                return try #require(
                    try await browser.post("/console/sign-in", fields, headers: headers).headers[.setCookie]
                )
            }
            let secure = try await signIn("https://console.example", host: "console.example")
            #expect(secure.hasPrefix("__Host-rostrum_console="))
            for attribute in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"] { #expect(secure.contains(attribute)) }
            #expect(!secure.contains("Domain"))
            let plain = try await signIn("http://localhost:8443", host: "localhost:8443")
            #expect(plain.hasPrefix("rostrum_console=") && !plain.contains("Secure"))

            func status(_ cookie: String, host: String) async throws -> HTTPResponse.Status {
                try await browser.get("/console/apps", headers: [.host: host, .cookie: cookie]).status
            }
            let (name, other) = (
                try #require(secure.split(separator: ";").first), try #require(plain.split(separator: ";").first)
            )
            #expect(try await status(String(name), host: "console.example") == .ok)
            #expect(try await status(String(other), host: "console.example") == .seeOther)
            #expect(try await status("__Host-\(other)", host: "console.example") == .ok)
            #expect(try await status(String(other), host: "localhost:8443") == .ok)
            #expect(try await status(String(name), host: "localhost:8443") == .seeOther)
        }
    }

    @Test("signing in begins a session of its own, whatever cookie was there")
    func fixation() async throws {
        try await withBrowser { browser in
            let chosen = String(repeating: "a", count: 64)
            let reply = try await browser.post(
                "/console/sign-in",
                ["name": "alice", "password": Self.password],
                headers: [.cookie: "rostrum_console=\(chosen)"]
            )
            #expect(reply.status == .seeOther)
            #expect(reply.headers[.setCookie]?.contains(chosen) == false)
            #expect(try await browser.operators.session(chosen) == nil)
        }
    }

    @Test("of who is not signed in no long form is read")
    func strangers() async throws {
        try await withBrowser { browser in
            func send(_ path: String, bytes: Int) async throws -> HTTPResponse.Status {
                let body = "name=" + String(repeating: "x", count: bytes)
                return try await browser.send(.post, path, headers: [.origin: "http://\(Browser.host)"], body: body)
                    .status
            }
            // Where to sign in; a name that was judged would be a wrong one.
            #expect(try await send("/console/sign-in", bytes: 8000) == .forbidden)
            #expect(try await send("/console/sign-in", bytes: 9000) == .contentTooLarge)
            #expect(try await send("/console/apps", bytes: 300_000) == .seeOther)
            try await browser.signIn(.readOnly)
            #expect(try await send("/console/apps", bytes: 300_000) == .forbidden)
            try await browser.signIn(.owner)
            #expect(try await send("/console/apps", bytes: 300_000) == .contentTooLarge)
        }
    }

    @Test("a page with signs in its path is come back to after signing in")
    func comesBack() async throws {
        try await withBrowser { browser in
            let path = "/console/apps/1400000001/channels/%40TOA%23_harbour_news"
            let location = try #require(try await browser.get(path).headers[.location])
            let page = try await browser.get(location)
            #expect(page.has("name=\"next\" value=\"\(path)\""))
            let reply = try await browser.post(
                "/console/sign-in",
                ["name": "alice", "password": Self.password, "next": path]
            )
            #expect(reply.headers[.location] == path)
        }
    }

    @Test("a second factor and the audit of operators go by the time of day, whatever time an operation has")
    func timeOfDay() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)
            let owner = try #require(OperatorName(rawValue: "owner"))
            let session = try #require(
                try await browser.operators.session(try await browser.operators.admit(owner, from: "192.0.2.1"))
            )
            let factor = browser.operators.newSecondFactor()
            let operation = Operation(performer: "test", time: installation.clock.now, random: SeededRandom())

            let (late, now) = (factor.code(at: installation.clock.now), factor.code(at: SystemClock().now))
            #expect(try await !browser.operators.addSecondFactor(factor, code: late, in: session, by: operation))
            #expect(try await browser.operators.addSecondFactor(factor, code: now, in: session, by: operation))
            let entry = try #require(try await browser.operators.audit(1).first)
            #expect(entry.time > installation.clock.now)
        }
    }

    @Test("an owner has his own password and second factor changed where he is asked for the password first")
    func ownByOthers() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation, as: .owner)
            for action in ["password", "remove-second-factor"] {
                let reply = try await browser.post(
                    "/console/operators/owner/\(action)",
                    ["password": "another password"]
                )
                #expect(reply.status == .unprocessableContent && reply.has("under “Your account”"))
            }
            #expect(try await browser.get("/console/operators").status == .ok, "the session goes on")
        }
    }

    @Test("with a storage that takes no writes a session goes on being looked at")
    func readsAlone() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let database = FaultyDatabase(installation.database)
            let operators = Operators(
                database: database,
                clock: installation.clock,
                random: installation.random,
                secrets: installation.secrets
            )
            let token = try await operators.admit(try #require(OperatorName(rawValue: "owner")), from: "192.0.2.1")
            installation.clock.advance(seconds: 120)
            database.failWrites(with: DatabaseError(.unavailable, "the disk is full"))

            #expect(try await operators.session(token) != nil)
            #expect(database.refusedWrites == 1)
        }
    }

    @Test("a second factor is added by who knows the password, not by who finds the session open")
    func secondFactor() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            var browser = try await Browser(installation)
            try await browser.signIn(.owner)
            let owner = try #require(OperatorName(rawValue: "owner"))
            let factor = browser.operators.newSecondFactor()
            func add(_ password: String) async throws -> Browser.Reply {
                // The next code, which is good as long as any: a password may be hashed for half a minute on a busy machine.
                let code = factor.code(at: SystemClock().now.advanced(bySeconds: 30))
                return try await browser.post(
                    "/console/account/second-factor",
                    ["secret": factor.hexadecimalSecret, "code": code, "current": password]
                )
            }
            func hasFactor() async throws -> Bool? {
                try await browser.operators.all().first { $0.name == owner }?.hasSecondFactor
            }
            let operation = installation.operation()
            try await browser.operators.setPassword(of: owner, to: Self.password, by: operation)
            #expect(try await add("").status == .seeOther, "another password ended the session")
            try await browser.signIn(.owner)

            for password in ["", "wrong"] {
                let refused = try await add(password)
                #expect(refused.status == .unprocessableContent && refused.text.contains(factor.text))
            }
            #expect(try await hasFactor() == false)
            #expect(try await add(Self.password).headers[.location] == "/console/account?done=ownAccountChanged")
            #expect(try await hasFactor() == true)
        }
    }
}

extension HTTPField.Name {
    fileprivate static let host = HTTPField.Name("Host") ?? .origin
}
