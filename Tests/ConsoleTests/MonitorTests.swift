import Chat
import ChatProtocol
import Console
import HTTPTypes
import Metrics
import RostrumTesting
import Testing

/// The monitor: what is counted, what is kept of it, and what open pages are told.
@Suite struct MonitorTests {
    private static let minute: Int64 = 1_800_000_000

    private func withBrowser(_ body: (inout Browser) async throws -> Void) async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            var browser = try await Browser(installation)
            try await browser.signIn(.readOnly)
            try await body(&browser)
        }
    }

    private func sample(_ browser: Browser, _ second: Int64) {
        browser.monitor.sample(at: Timestamp(seconds: Self.minute + second))
    }

    private func call(_ browser: Browser, _ command: String, _ code: String, times: Int = 1) {
        let dimensions = [("command", command), ("code", code)]
        Counter(label: "rostrum_requests", dimensions: dimensions, factory: browser.registry).increment(by: times)
    }

    private func post(_ browser: Browser, _ kind: String = "stored", times: Int = 1) {
        let dimensions = [("kind", kind)]
        Counter(label: "rostrum_broadcasts", dimensions: dimensions, factory: browser.registry).increment(by: times)
    }

    private func history(_ browser: Browser, _ span: String) async throws -> JSONObject {
        let reply = try await browser.get("/console/monitor/history?span=\(span)")
        #expect(reply.status == .ok && reply.headers[.contentType] == "application/json")
        guard case .object(let object) = try JSONValue(parsing: Array(reply.text.utf8)) else { return JSONObject() }
        return object
    }

    /// A column's numbers, with commas between.
    private func series(_ history: JSONObject, _ name: String, of kind: String = "series") -> String {
        guard case .object(let object) = history[kind] else { return "" }
        return text(object[name])
    }

    private func text(_ column: JSONValue?) -> String {
        guard case .array(let values) = column else { return "" }
        return values.map { if case .number(let number) = $0 { number.text } else { $0.kind } }.joined(separator: ",")
    }

    @Test("each second has what happened in it, and none what was before the first")
    func seconds() async throws {
        try await withBrowser { browser in
            post(browser, times: 5)
            sample(browser, 0)
            post(browser)
            post(browser, "online-only")
            post(browser, "dropped")
            call(browser, "send_official_account_msg", "0", times: 2)
            call(browser, "get_subscriber_info", "0")
            call(browser, "send_official_account_msg", "20006")
            let sessions = [("platform", "Web")]
            Gauge(label: "rostrum_sessions", dimensions: sessions, factory: browser.registry).record(9)
            for (kind, attempts) in [("before", 2), ("after", 3)] {
                let dimensions = [("kind", kind), ("result", "delivered")]
                Counter(label: "rostrum_webhook_attempts", dimensions: dimensions, factory: browser.registry)
                    .increment(by: attempts)
                Timer(label: "rostrum_webhook_duration", dimensions: [("kind", kind)], factory: browser.registry)
                    .recordMilliseconds(5)
            }
            sample(browser, 1)
            sample(browser, 2)

            let history = try await history(browser, "10m")
            #expect(text(history["time"]) == "1800000001,1800000002")
            #expect(series(history, "posts") == "2,0")
            #expect(series(history, "connections") == "9,9")
            #expect(series(history, "0", of: "calls") == "3,0")
            #expect(series(history, "20006", of: "calls") == "1,0")
            #expect(series(history, "delivered") == "5,0")
            #expect(series(history, "latencyHigh").hasSuffix(",null"))
            #expect(!series(history, "latencyHigh").hasPrefix("null"))
        }
    }

    @Test("a minute is the sum of its seconds, once it has ended; ten minutes and a day are kept")
    func minutes() async throws {
        try await withBrowser { browser in
            sample(browser, -1)
            for second in 0..<Int64(700) {
                post(browser)
                sample(browser, second)
            }
            let day = try await history(browser, "1d")
            #expect(series(day, "posts") == Array(repeating: "60", count: 11).joined(separator: ","))
            let short = try await history(browser, "10m")
            #expect(series(short, "posts") == Array(repeating: "1", count: 600).joined(separator: ","))
            #expect(try await browser.get("/console/monitor/history?span=2y").status == .badRequest)
        }
    }

    @Test("a day's history of many codes is lighter than 200 kB")
    func weight() async throws {
        try await withBrowser { browser in
            sample(browser, 0)
            for minute in 1...Int64(1500) {
                for code in 0..<12 { call(browser, "info", "\(60_000 + code)", times: 1000 + code) }
                sample(browser, minute * 60)
            }
            let reply = try await browser.get("/console/monitor/history?span=1d")
            #expect(reply.text.utf8.count < 200_000)
            let day = try await history(browser, "1d")
            #expect(!series(day, "others", of: "calls").isEmpty)
            #expect(series(day, "60011", of: "calls").split(separator: ",").count == 1440)
        }
    }

    @Test("the page shows the numbers without a script, and says that it is of this node")
    func page() async throws {
        try await withBrowser { browser in
            sample(browser, 0)
            call(browser, "send_official_account_msg", "0", times: 1234)
            call(browser, "send_official_account_msg", "<b>", times: 1)
            sample(browser, 1)
            let text = try await browser.get("/console/monitor").text
            #expect(text.contains(">1234<") && text.contains("In a cluster each node shows its own numbers"))
            #expect(text.contains("code &lt;b&gt;") && !text.contains("code <b>"))
            #expect(text.contains("aria-current=\"page\">Monitor"))
        }
    }

    @Test("an open page is told of each second and each minute, until the monitor ends", .timeLimit(.minutes(5)))
    func stream() async throws {
        try await withBrowser { browser in
            sample(browser, 0)
            let page = await browser.follow("/console/monitor/stream")
            #expect(page.status == .ok && page.headers[.contentType]?.hasPrefix("text/event-stream") == true)
            #expect(page.headers[.contentSecurityPolicy] != nil)
            let monitor = browser.monitor
            try await waitUntil("the page is open") { monitor.readers == 1 }
            call(browser, "send_official_account_msg", "0", times: 7)
            post(browser, times: 7)
            sample(browser, 59)
            sample(browser, 60)
            try await waitUntil("both seconds came") { await page.text.contains("\"time\":1800000060") }
            browser.monitor.close()

            try await page.end.value
            let events = await page.text.split(separator: "\n\n").map(String.init)
            #expect(events.count == 4 && events[0] == "retry: 3000")
            #expect(events[1].hasPrefix("event: second\ndata: {\"time\":1800000059,\"connections\":0,\"posts\":7,"))
            #expect(events[1].hasSuffix("\"calls\":{\"0\":7}}"))
            #expect(events[3].hasPrefix("event: minute\ndata: {\"time\":1800000000,\"connections\":0,\"posts\":7,"))
            #expect(browser.monitor.readers == 0)
            #expect(try await browser.get("/console/monitor/stream").status == .serviceUnavailable)
        }
    }

    @Test("a page that does not read is dropped, and no more are let in than may", .timeLimit(.minutes(5)))
    func bounds() async throws {
        try await withBrowser { browser in
            sample(browser, 0)
            let monitor = browser.monitor
            let slow = await browser.follow("/console/monitor/stream", isRead: false)
            try await waitUntil("the page is open") { monitor.readers == 1 }
            for second in 1...Int64(40) { sample(browser, second) }
            await #expect(throws: CancellationError.self) { try await slow.end.value }
            #expect(monitor.readers == 0)

            var pages: [Browser.Following] = []
            for _ in 0..<Monitor.mostReaders { pages.append(await browser.follow("/console/monitor/stream")) }
            try await waitUntil("all are open") { monitor.readers == Monitor.mostReaders }
            #expect(try await browser.get("/console/monitor/stream").status == .serviceUnavailable)
            monitor.close()
            for page in pages { try await page.end.value }
        }
    }

    @Test("an open page ends when its session does, within five seconds", .timeLimit(.minutes(5)))
    func sessionEnds() async throws {
        try await withBrowser { browser in
            sample(browser, 0)
            let page = await browser.follow("/console/monitor/stream")
            let monitor = browser.monitor
            try await waitUntil("the page is open") { monitor.readers == 1 }
            #expect(try await browser.post("/console/sign-out").status == .seeOther)
            for second in 1..<Int64(5) {
                sample(browser, second)
                let time = Self.minute + second
                try await waitUntil("the second came") { await page.text.contains("\"time\":\(time)") }
            }
            #expect(monitor.readers == 1)
            sample(browser, 5)
            try await page.end.value
            #expect(monitor.readers == 0)
        }
    }

    @Test("who is not signed in sees nothing of it")
    func signedOut() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let browser = try await Browser(installation)
            for path in ["monitor", "monitor/history?span=10m", "monitor/stream"] {
                #expect(try await browser.get("/console/\(path)").status == .seeOther)
            }
        }
    }
}
