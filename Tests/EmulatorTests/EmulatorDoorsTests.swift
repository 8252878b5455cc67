import AdminAPI
import Chat
import ChatProtocol
import Database
import Emulator
import EventBus
import RostrumTesting
import Testing

/// The doors under `/dev/` (design section 8).
@Suite struct EmulatorDoorsTests {
    static let doors = [
        ("POST", "/dev/clock", #"{"advance":1}"#), ("GET", "/dev/clock", ""),
        ("POST", "/dev/faults", #"{"command":"kick","code":20005}"#), ("GET", "/dev/faults", ""),
        ("GET", "/dev/requests", ""), ("GET", "/dev/state", ""), ("POST", "/dev/reset", ""),
        ("GET", "/demo/settings.json", ""), ("GET", "/dev/nothing", ""),
    ]

    @Test("a caller on this machine gets in", arguments: doors.dropLast())
    func local(method: String, path: String, body: String) async throws {
        try await withEmulator { emulator in
            for (host, origin, address) in [
                ("127.0.0.1:8080", nil, "127.0.0.1"), ("localhost", nil, "::1"), ("[::1]:8080", nil, "::1"),
                ("LOCALHOST:8080", nil, "::ffff:127.0.0.1"), ("localhost:8080", "http://localhost:8080", "127.0.0.1"),
                ("127.0.0.1:8443", "https://127.0.0.1:8443", "127.0.0.9"),
            ] as [(String, String?, String)] {
                let answer = try await emulator.open(method, path, body, host: host, origin: origin, address: address)
                #expect(answer.status == 200, "\(host) \(origin ?? "-") \(address): \(answer.text)")
            }
        }
    }

    @Test("web pages and other machines are refused at every door, and change nothing", arguments: doors)
    func foreign(method: String, path: String, body: String) async throws {
        try await withEmulator { emulator in
            _ = try await emulator.call("account_import", #"{"UserID":"anna"}"#)
            for (host, origin, address) in [
                (nil, nil, "127.0.0.1"), ("", nil, "127.0.0.1"),
                ("evil.example", nil, "127.0.0.1"), ("localhost.evil.example", nil, "127.0.0.1"),
                ("127.0.0.1.evil.example", nil, "127.0.0.1"), ("localhost.evil.example:8080", nil, "127.0.0.1"),
                ("10.0.0.1:8080", nil, "127.0.0.1"), ("0.0.0.0:8080", nil, "127.0.0.1"),
                ("localhost:8080", "http://evil.example", "127.0.0.1"), ("localhost:8080", "null", "127.0.0.1"),
                ("localhost:8080", "", "127.0.0.1"), ("localhost:8080", "http://localhost", "127.0.0.1"),
                ("localhost:8080", "http://localhost:8081", "127.0.0.1"),
                ("localhost:8080", "http://localhost:8080.evil.example", "127.0.0.1"),
                ("localhost:8080", "http://localhost:8080/", "127.0.0.1"),
                ("localhost:8080", "http://127.0.0.1:8080", "127.0.0.1"), ("localhost:8080", "file://", "127.0.0.1"),
                ("localhost:8080", nil, "192.0.2.1"), ("localhost:8080", nil, ""), ("localhost:8080", nil, "::"),
                ("localhost:8080", nil, "::ffff:192.0.2.1"),
            ] as [(String?, String?, String)] {
                let answer = try await emulator.open(method, path, body, host: host, origin: origin, address: address)
                #expect(answer.status == 403, "\(host ?? "-") \(origin ?? "-") \(address)")
                #expect(answer.json["error"]?.text?.contains("this machine") == true)
            }
            #expect(emulator.clock.secondsAhead == 0)
            #expect(emulator.faults.all.isEmpty)
            #expect(emulator.log.entries.count == 1)
            #expect(
                try await emulator.installation.applications.usage(of: emulator.emulation.application).accounts == 4
            )
        }
    }

    /// Behind a proxy on this machine every caller has a loopback address and, as it likes, a loopback name.
    @Test("what a proxy sent on is refused at every door, and changes nothing", arguments: doors)
    func forwarded(method: String, path: String, body: String) async throws {
        try await withEmulator { emulator in
            _ = try await emulator.call("account_import", #"{"UserID":"anna"}"#)

            let answer = try await emulator.open(method, path, body, isForwarded: true)

            #expect(answer.status == 403)
            #expect(answer.json["error"]?.text?.contains("this machine") == true)
            #expect(emulator.clock.secondsAhead == 0)
            #expect(emulator.faults.all.isEmpty)
            #expect(emulator.log.entries.count == 1)
            #expect(
                try await emulator.installation.applications.usage(of: emulator.emulation.application).accounts == 4
            )
        }
    }

    @Test(
        "what is no door answers 404 and names the doors",
        arguments: [
            ("GET", "/dev/"), ("GET", "/dev/nothing"), ("GET", "/dev/reset"), ("POST", "/dev/state"),
            ("POST", "/dev/requests"), ("DELETE", "/dev/faults"), ("PUT", "/dev/clock"), ("post", "/dev/clock"),
            ("GET", "/dev/state/"), ("GET", "/DEV/STATE"), ("OPTIONS", "/dev/state"),
        ]
    )
    func noDoor(method: String, path: String) async throws {
        try await withEmulator { emulator in
            let answer = try await emulator.open(method, path)

            #expect(answer.status == 404)
            #expect(answer.json["error"]?.text?.contains("/dev/clock") == true)
        }
    }

    @Test("the demo page gets the application's number, its key of the moment and the emulator's time")
    func demoSettings() async throws {
        try await withEmulator { emulator in
            let key = "another-key"
            try await emulator.emulation.prepare(key: key)
            _ = try await emulator.open("POST", "/dev/clock", #"{"advance":3600}"#)

            let answer = try await emulator.open("GET", "/demo/settings.json")

            let now = ManualClock.start.seconds + 3600
            #expect(answer.text == #"{"key":"\#(key)","now":\#(now),"sdkAppID":88888888}"#)
            #expect(try await emulator.open("POST", "/demo/settings.json").status == 404)
        }
    }

    @Test("the clock moves by what is asked, and shows where it is")
    func clock() async throws {
        try await withEmulator { emulator async throws in
            let start = ManualClock.start.seconds

            #expect(
                try await emulator.open("POST", "/dev/clock", #"{"advance":3600}"#).text
                    == #"{"ahead":3600,"now":\#(start + 3600)}"#
            )
            #expect(try await emulator.open("POST", "/dev/clock", #"{"advance":0}"#).json["ahead"]?.integer == 3600)
            #expect(
                try await emulator.open("POST", "/dev/clock", #"{"advance":1e1,"x":1}"#).json["ahead"]?.integer == 3610
            )
            #expect(try await emulator.open("GET", "/dev/clock").text == #"{"ahead":3610,"now":\#(start + 3610)}"#)
        }
    }

    @Test(
        "a clock that is asked for something else stands, with the rule in the answer",
        arguments: [
            "", "{", "{}", "[]", "null", "3600", #"{"advance":-1}"#, #"{"advance":"60"}"#, #"{"advance":1.5}"#,
            #"{"advance":null}"#, #"{"advance":true}"#, #"{"advance":1e400}"#, #"{"advance":9223372036854775808}"#,
            #"{"advance":3153600001}"#, #"{"Advance":1}"#, #"{"advance":1,"advance":1}"#,
        ]
    )
    func badAdvance(body: String) async throws {
        try await withEmulator { emulator in
            let answer = try await emulator.open("POST", "/dev/clock", body)

            #expect(answer.status == 400)
            #expect(answer.json["error"]?.text?.contains("advance") == true)
            #expect(emulator.clock.secondsAhead == 0)
        }
    }

    @Test("a fault meets the next calls, and is listed until it is used up")
    func faults() async throws {
        try await withEmulator { emulator in
            let body = #"{"command":"openim/query_online_status","code":90994,"times":2}"#
            let answer = try await emulator.open("POST", "/dev/faults", body)
            let shown = #"{"code":90994,"command":"query_online_status","delayMs":0,"times":2}"#
            #expect(answer.status == 200 && answer.text == shown)
            #expect(try await emulator.open("GET", "/dev/faults").text == #"{"faults":[\#(shown)]}"#)

            for code in [90994, 90994, 0] {
                let reply = try await emulator.call("query_online_status", #"{"To_Account":["107867"]}"#)
                #expect(reply.code.rawValue == code)
            }
            #expect(try await emulator.open("GET", "/dev/faults").text == #"{"faults":[]}"#)
        }
    }

    @Test(
        "faults that can be asked for",
        arguments: [
            #"{"command":"kick"}"#, #"{"command":"kick","delayMs":600000}"#, #"{"command":"kick","code":120001}"#,
            #"{"command":"kick","code":130000}"#, #"{"command":"kick","code":60007,"times":1000000}"#,
            #"{"command":"/v4/im_open_login_svc/kick","code":20005.0}"#, #"{"command":"im_open_login_svc/kick"}"#,
        ]
    )
    func goodFaults(body: String) async throws {
        try await withEmulator { emulator in
            let answer = try await emulator.open("POST", "/dev/faults", body)

            #expect(answer.status == 200, "\(answer.text)")
            #expect(emulator.faults.all.map(\.command) == ["kick"])
        }
    }

    @Test(
        "faults that cannot be asked for, and why",
        arguments: [
            ("", "command"), ("{", "command"), ("{}", "command"), ("[]", "command"), (#"{"command":7}"#, "command"),
            (#"{"command":""}"#, "command"), (#"{"command":"/"}"#, "command"), (#"{"command":"nothing"}"#, "command"),
            (#"{"command":"KICK"}"#, "command"),
            (#"{"command":"kick","code":0}"#, "code"), (#"{"command":"kick","code":1}"#, "code"),
            (#"{"command":"kick","code":-20005}"#, "code"), (#"{"command":"kick","code":120000}"#, "code"),
            (#"{"command":"kick","code":130001}"#, "code"), (#"{"command":"kick","code":20005.5}"#, "code"),
            (#"{"command":"kick","code":"20005"}"#, "code"), (#"{"command":"kick","code":null}"#, "code"),
            (#"{"command":"kick","code":1e400}"#, "code"), (#"{"command":"kick","times":0}"#, "times"),
            (#"{"command":"kick","times":-1}"#, "times"), (#"{"command":"kick","times":1000001}"#, "times"),
            (#"{"command":"kick","times":1.5}"#, "times"), (#"{"command":"kick","times":"2"}"#, "times"),
            (#"{"command":"kick","delayMs":-1}"#, "delayMs"), (#"{"command":"kick","delayMs":600001}"#, "delayMs"),
            (#"{"command":"kick","delayMs":null}"#, "delayMs"),
        ]
    )
    func badFaults(body: String, names: String) async throws {
        try await withEmulator { emulator in
            let answer = try await emulator.open("POST", "/dev/faults", body)

            #expect(answer.status == 400)
            #expect(answer.json["error"]?.text?.contains(names) == true, "\(answer.text)")
            #expect(emulator.faults.all.isEmpty)
        }
    }

    @Test("the request log shows calls with their bodies and replies, and never a token")
    func requests() async throws {
        try await withEmulator { emulator in
            let reply = try await emulator.call("kick", #"{"UserID":"ghost"}"#)
            _ = try await emulator.call("/v4/nothing", "{")

            let answer = try await emulator.open("GET", "/dev/requests")

            let entry = try #require(answer.json["requests"]?[0]?.object)
            #expect(answer.json["requests"]?.items.count == 2)
            #expect(
                Set(entry.members.map(\.name)) == [
                    "requestID", "time", "method", "path", "sdkappid", "identifier", "address", "body", "code", "reply",
                    "cut",
                ]
            )
            #expect(entry["requestID"]?.text == reply.requestID)
            #expect(entry["path"]?.text == "/v4/im_open_login_svc/kick")
            #expect((entry["sdkappid"]?.text, entry["identifier"]?.text) == ("88888888", "administrator"))
            #expect(entry["body"]?.text == #"{"UserID":"ghost"}"#)
            #expect(entry["code"]?.integer == 70107)
            #expect(entry["reply"]?.text == String(decoding: reply.bytes, as: UTF8.self))
            #expect(answer.json["requests"]?[1]?["code"]?.integer == 60009)
            let token = emulator.api.request(
                "kick",
                of: emulator.emulation.application,
                signedWith: Emulation.publishedKey
            ).query.first { $0.name == "usersig" }?.value
            let text = try #require(token)
            #expect(!answer.text.contains(text))
        }
    }

    @Test("the log shows bodies that are no text without breaking its own JSON")
    func binaryBodies() async throws {
        try await withEmulator { emulator in
            var request = emulator.api.request(
                "kick",
                of: emulator.emulation.application,
                signedWith: Emulation.publishedKey
            )
            request.body = .complete([0, 0x22, 0x5C, 0xFF, 0xC3, 0x0A, 0x7F])
            _ = try await emulator.api.send(request)

            let answer = try await emulator.open("GET", "/dev/requests")

            #expect(answer.json["requests"]?[0]?["body"]?.text?.hasPrefix("\0\"\\") == true)
        }
    }

    @Test("the state has exactly these fields, and no secret")
    func state() async throws {
        try await withEmulator { emulator in
            _ = try await emulator.call(
                "create_official_account",
                #"{"OfficialAccountUserID":"@TOA#_news","Owner_Account":"107867","Name":"News"}"#
            )
            _ = try await emulator.open("POST", "/dev/faults", #"{"command":"kick","delayMs":5}"#)

            let answer = try await emulator.open("GET", "/dev/state")

            #expect(answer.status == 200)
            let state = try #require(answer.json.object)
            #expect(
                Set(state.members.map(\.name)) == ["clock", "application", "counts", "channels", "accounts", "faults"]
            )
            #expect(
                Set(state["application"]?.object?.members.map(\.name) ?? [])
                    == ["sdkappid", "name", "plan", "admins", "limits"]
            )
            #expect(state["application"]?["admins"] == JSONValue(#"["admin","administrator"]"#))
            #expect(state["application"]?["limits"]?["callsPerSecond"]?.integer == 0)
            #expect(state["application"]?["limits"]?.object?.members.count == Limits.Name.allCases.count)
            #expect(state["counts"]?.canonicalText == #"{"accounts":3,"channels":1}"#)
            #expect(
                state["channels"]?.canonicalText
                    == """
                    [{"createdAt":\(ManualClock.start.seconds),"id":"@TOA#_news","maxSubscribers":100000,"name":"News",\
                    "owner":"107867","subscribers":0}]
                    """
            )
            #expect(state["accounts"] == JSONValue(#"["107867","admin","administrator"]"#))
            #expect(state["faults"]?.canonicalText == #"[{"command":"kick","delayMs":5,"times":1}]"#)
            let application = try await emulator.installation.application(emulator.emulation.application)
            for secret in [Emulation.publishedKey, application.webhooks.secret] {
                #expect(!secret.isEmpty && !answer.text.contains(secret))
            }
        }
    }

    @Test("the state cuts its lists and counts in full")
    func longState() async throws {
        try await withEmulator { emulator in
            for batch in 0..<11 {
                let names = (0..<100).map { #""user\#(batch)-\#($0)""# }.joined(separator: ",")
                #expect(try await emulator.call("multiaccount_import", #"{"Accounts":[\#(names)]}"#).code == .ok)
            }

            let answer = try await emulator.open("GET", "/dev/state")

            #expect(answer.json["accounts"]?.items.count == 1000)
            #expect(answer.json["counts"]?["accounts"]?.integer == 1103)
        }
    }

    @Test("reset empties accounts, channels, faults and log; the clock goes on")
    func reset() async throws {
        try await withEmulator { emulator in
            _ = try await emulator.call("account_import", #"{"UserID":"anna"}"#)
            _ = try await emulator.open("POST", "/dev/clock", #"{"advance":60}"#)
            _ = try await emulator.open("POST", "/dev/faults", #"{"command":"kick"}"#)

            let answer = try await emulator.open("POST", "/dev/reset")

            #expect(answer.status == 200)
            #expect(answer.json["ahead"]?.integer == 60)
            #expect(emulator.faults.all.isEmpty && emulator.log.entries.isEmpty)
            #expect(try await emulator.open("GET", "/dev/state").json["counts"]?["accounts"]?.integer == 3)
            #expect(try await emulator.open("POST", "/dev/reset").status == 200)
        }
    }

    @Test("reset tells live connections that the application is empty")
    func resetIsTold() async throws {
        try await withEmulator { emulator in
            let heard = EventLog()
            emulator.installation.bus.listen(heard.hear)
            let application = emulator.emulation.application

            _ = try await emulator.open("POST", "/dev/reset")

            #expect(heard.events == [.applicationChanged(application), .applicationEmptied(application, lineage: 0)])
        }
    }

    @Test("doors to a ready application that was deleted say so, and name no internals", arguments: doors.dropLast())
    func deleted(method: String, path: String, body: String) async throws {
        try await withEmulator { emulator in
            try await emulator.installation.applications.delete(
                emulator.emulation.application,
                by: emulator.installation.operation()
            )

            let answer = try await emulator.open(method, path, body)

            let isOfTheApplication = ["/dev/state", "/dev/reset", "/demo/settings.json"].contains(path)
            #expect(answer.status == (isOfTheApplication ? 404 : 200), "\(answer.text)")
        }
    }

    @Test("a storage that fails is answered with 500 and without its own words")
    func failingStorage() async throws {
        try await StorageEngine.sqlite.withDatabase { database in
            let faulty = FaultyDatabase(database)
            let emulator = try await TestEmulator(faulty)
            try await emulator.emulation.prepare(key: Emulation.publishedKey)
            faulty.fail(with: DatabaseError(.full, "cannot write /var/lib/rostrum.db"))

            for (method, path, body) in [
                ("POST", "/dev/clock", #"{"advance":1}"#), ("GET", "/dev/state", ""), ("POST", "/dev/reset", ""),
            ] {
                let answer = try await emulator.open(method, path, body)
                #expect(answer.status == 500, "\(path)")
                #expect(!answer.text.contains("rostrum.db"))
            }
            #expect(emulator.clock.secondsAhead == 0)
        }
    }
}
