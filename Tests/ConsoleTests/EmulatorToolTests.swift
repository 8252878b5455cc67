import AdminAPI
import Chat
import ChatProtocol
import Console
import Database
import Emulator
import HTTPTypes
import RostrumTesting
import Testing

/// The tools that are there under `rostrum dev` alone, and the way in to all of them.
@Suite struct EmulatorToolTests {
    private func withBrowser(
        _ role: OperatorRole = .operator,
        emulator: Bool = true,
        _ body: (Browser, TestInstallation) async throws -> Void
    ) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            var browser = try await Browser(installation, emulator: emulator)
            try await browser.signIn(role)
            try await body(browser, installation)
        }
    }

    private static func call(_ number: Int, code: ErrorCode = .ok, command: String = "kick") -> AnsweredCall {
        var call = AnsweredCall(
            requestID: "id-\(number)",
            method: "POST",
            path: "/v4/im_open_login_svc/\(command)",
            address: "127.0.0.1"
        )
        (call.application, call.identifier, call.code) = ("88888888", "<b>admin</b>", code)
        (call.body, call.reply) = (Array(#"{"UserID":"<i>"}"#.utf8), Array(#"{"ErrorCode":\#(code.rawValue)}"#.utf8))
        return call
    }

    // MARK: The way in

    @Test("a call is found by its RequestId: in the log, in the audit, or it is said where to look")
    func find() async throws {
        try await withBrowser { browser, installation in
            try await installation.importAccounts("anna")
            let call = try await installation.call()
            try await installation.accounts.kick(UserID("anna"), for: call)
            let log = try #require(browser.emulator).log
            log.answered(Self.call(7))
            let page = Browser.path("tools")

            #expect(
                try await browser.get(page + "?request=id-7").headers[.location]
                    == Browser.path("tools/requests/id-7")
            )
            let audited = try await browser.get(page + "?request=\(call.requestID)").text
            #expect(audited.contains("<dd>kick</dd>") && audited.contains(">anna</span></dd>"))
            #expect(
                try await browser.get(page + "?request=0-1").text.contains("grep &#39;request.id=0-1&#39;")
            )
            for strange in ["%00", "%22%3E%3Cscript%3E", "%27%20OR%201"] {
                let reply = try await browser.get(page + "?request=\(strange)")
                #expect(reply.status == .ok && !reply.text.contains("\"><script>"))
            }
        }
    }

    @Test("outside of the emulator its tools are not there")
    func production() async throws {
        try await withBrowser(.owner, emulator: false) { browser, _ in
            let text = try await browser.get(Browser.path("tools")).text
            #expect(
                text.contains("tools/explorer") && !text.contains("tools/requests") && !text.contains("tools/emulator")
            )
            for page in [
                "tools/requests", "tools/requests.json", "tools/requests.html", "tools/requests/id-1", "tools/emulator",
            ] {
                #expect(try await browser.get(Browser.path(page)).status == .notFound)
            }
            for page in ["tools/emulator/clock", "tools/emulator/faults", "tools/emulator/faults/clear"] {
                #expect(
                    try await browser.post(Browser.path(page), ["amount": "1", "unit": "days"]).status == .notFound
                )
            }
        }
    }

    // MARK: Requests

    @Test("calls stand newest first, a hundred on a page, by command and by code")
    func requests() async throws {
        try await withBrowser(.readOnly) { browser, _ in
            let log = try #require(browser.emulator).log
            for number in 1...150 {
                log.answered(
                    Self.call(
                        number,
                        code: number.isMultiple(of: 50) ? .accountNotImported : .ok,
                        command: number == 60 ? "account_check" : "kick"
                    )
                )
            }
            let page = Browser.path("tools/requests")
            func shown(_ query: String) async throws -> [String] {
                try await browser.get(page + query).text.matches(of: /requests\/(id-[0-9]+)"/).map {
                    String($0.output.1)
                }
            }

            #expect(try await shown("") == (51...150).reversed().map { "id-\($0)" })
            #expect(try await shown("?before=51") == (1...50).reversed().map { "id-\($0)" })
            #expect(try await shown("?code=70107") == ["id-150", "id-100", "id-50"])
            #expect(try await shown("?command=account_check") == ["id-60"])
            #expect(try await shown("?command=account_check&code=1").isEmpty)
            let text = try await browser.get(page + "?code=0").text
            #expect(text.contains("requests?command=&amp;code=0&amp;before=48\""))
            #expect(!text.contains("<b>admin</b>"))
            #expect(try await browser.get(page + ".json").text == #"{"newest":150}"#)
        }
    }

    @Test("a call's page has body and reply, what the code means, and the way to try it again")
    func request() async throws {
        try await withBrowser(.readOnly) { browser, _ in
            let log = try #require(browser.emulator).log
            log.answered(Self.call(1, code: .accountNotImported))

            let text = try await browser.get(Browser.path("tools/requests/id-1")).text

            let meaning = try #require(ErrorCode.documented[.accountNotImported])
            #expect(
                text.contains("70107: <span lang=\"en\">\(meaning)")
                    && text.contains("&quot;UserID&quot;: &quot;&lt;i&gt;&quot;")
            )
            #expect(text.contains("explorer?command=kick&amp;from=id-1"))
            #expect(try await browser.get(Browser.path("tools/requests/id-2")).status == .notFound)
        }
    }

    @Test("what the open log asks for by itself is no use of the session, and looking at it is one")
    func polls() async throws {
        try await withBrowser { browser, installation in
            try #require(browser.emulator).log.answered(Self.call(1))
            let before = SystemClock().now.advanced(bySeconds: -3600)
            try await installation.database.write { tx throws(ChatError) in
                _ = try tx.execute("UPDATE operator_sessions SET used_at = \(before)")
            }
            func used() async throws -> Timestamp? {
                try await installation.database.read { tx throws(ChatError) in
                    try tx.row("SELECT max(used_at) FROM operator_sessions")?.timestamp(0)
                }
            }

            #expect(try await browser.get(Browser.path("tools/requests.json")).text == #"{"newest":1}"#)
            #expect(try await browser.get(Browser.path("tools/requests.html?code=0")).has("tools/requests/id-1"))
            #expect(try await used() == before)
            _ = try await browser.get(Browser.path("tools/requests"))
            #expect(try #require(try await used()) > before)
        }
    }

    // MARK: Clock and faults

    @Test("the clock moves by what was typed, and stands at what it cannot move by")
    func clock() async throws {
        try await withBrowser { browser, _ in
            let clock = try #require(browser.emulator).clock
            let page = Browser.path("tools/emulator/clock")

            #expect(try await browser.post(page, ["amount": "36", "unit": "hours"]).status == .seeOther)
            #expect(clock.secondsAhead == 36 * 3600)
            #expect(try await browser.get(Browser.path("tools/emulator")).text.contains("1 d 12 h"))
            for (amount, unit) in [("-1", "days"), ("", "days"), ("1", ""), ("9999999999", "days"), ("1.5", "hours")] {
                let reply = try await browser.post(page, ["amount": amount, "unit": unit])
                #expect(reply.status == .unprocessableContent && reply.text.contains("role=\"alert\""))
                #expect(reply.text.contains("name=\"amount\" value=\"\(amount)\""))
            }
            #expect(clock.secondsAhead == 36 * 3600)
        }
    }

    @Test("faults are added by the door's own rules, listed with their meaning, and cleared")
    func faults() async throws {
        try await withBrowser { browser, _ in
            let faults = try #require(browser.emulator).faults
            let page = Browser.path("tools/emulator/faults")

            #expect(
                try await browser.post(page, ["command": "kick", "code": "20005", "times": "2", "delay": "10"]).status
                    == .seeOther
            )
            #expect(
                try await browser.post(page, ["command": "kick", "code": "", "times": "1", "delay": "5"]).status
                    == .seeOther
            )
            #expect(faults.all.map(\.code) == [.internalFault, nil] && faults.all.map(\.times) == [2, 1])
            let meaning = try #require(ErrorCode.documented[.internalFault])
            #expect(try await browser.get(Browser.path("tools/emulator")).text.contains(meaning))

            for (code, times, delay) in [("1", "1", "0"), ("x", "1", "0"), ("", "0", "0"), ("", "1", "600001")] {
                let fields = ["command": "kick", "code": code, "times": times, "delay": delay]
                let reply = try await browser.post(page, fields)
                #expect(reply.status == .unprocessableContent && reply.text.contains("value=\"kick\" selected"))
                for (name, value) in fields where name != "command" {
                    #expect(reply.text.contains("name=\"\(name)\" value=\"\(value)\""))
                }
            }
            #expect(faults.all.count == 2)
            #expect(try await browser.post(page + "/clear").status == .seeOther)
            #expect(faults.all.isEmpty)
        }
    }

    @Test("an operator who only reads moves no clock and adds no fault")
    func readOnly() async throws {
        try await withBrowser(.readOnly) { browser, _ in
            let parts = try #require(browser.emulator)
            #expect(try await !browser.get(Browser.path("tools/emulator")).text.contains("emulator/clock"))
            for page in ["clock", "faults", "faults/clear"] {
                let reply = try await browser.post(
                    Browser.path("tools/emulator/\(page)"),
                    ["amount": "1", "unit": "days", "command": "kick", "code": "", "times": "1", "delay": "0"]
                )
                #expect(reply.status == .forbidden)
            }
            #expect(parts.clock.secondsAhead == 0 && parts.faults.all.isEmpty)
        }
    }
}
