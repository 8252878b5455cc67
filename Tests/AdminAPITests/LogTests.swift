import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// One line a call, which names the call and repeats nothing of what the caller wrote.
@Suite struct LogTests {
    @Test("a call leaves one line with its id, application, command, code and address")
    func oneLine() async throws {
        let lines = LoggedLines()
        try await StorageEngine.sqlite.withAPI(logger: lines.logger) { api in
            let reply = try await api.call("kick", #"{"UserID":"ghost"}"#, address: "203.0.113.9")

            #expect(lines.all.count == 1)
            let line = try #require(lines.all.first)
            for part in [
                "request.id=\(reply.requestID)", "application=1400000001", "command=im_open_login_svc/kick",
                "code=70107", "client.address=203.0.113.9", "duration.us=",
            ] {
                #expect(line.contains(part), "\(line)")
            }
        }
    }

    @Test("neither the query nor the body nor a secret is ever logged", arguments: CommandExample.all)
    func nothingOfTheCaller(example: CommandExample) async throws {
        let lines = LoggedLines()
        try await StorageEngine.sqlite.withAPI(logger: lines.logger) { api in
            try await api.prepare()
            let marked = example.object.setting("Nobody_Knows", to: .string("MARKED-BODY"))
            var bytes: [UInt8] = []
            JSONValue.object(marked).write(to: &bytes)
            var good = api.request(example.command, String(decoding: bytes, as: UTF8.self))
            good.idempotencyKey = "MARKED-KEY"
            good.set("marked", to: "MARKED-QUERY")
            var requests = [good]
            for (name, value) in [
                ("sdkappid", "MARKED-APP"), ("identifier", "MARKED.caller"), ("usersig", "MARKED-SIG"),
                ("random", "MARKED-RANDOM"), ("contenttype", "MARKED-TYPE"),
            ] {
                var request = good
                request.set(name, to: value)
                requests.append(request)
            }
            var elsewhere = good
            elsewhere.path = "/v4/MARKED/path"
            var badMethod = good
            badMethod.method = "MARKED"
            requests += [elsewhere, badMethod]

            for request in requests { _ = try await api.send(request) }

            #expect(lines.all.count == requests.count)
            let token = try #require(good.query.first { $0.name == "usersig" }?.value)
            for line in lines.all {
                for secret in ["MARKED", "marked", token, String(token.prefix(40)), NewApplication.exampleKey] {
                    #expect(!line.contains(secret), "\(line)")
                }
                #expect(!line.contains("99999999") && !line.contains("Owner_Account"), "\(line)")
            }
        }
    }

    @Test("request ids are unlike one another and the same in reply and log")
    func requestIDs() async throws {
        let lines = LoggedLines()
        try await StorageEngine.sqlite.withAPI(logger: lines.logger) { api in
            var ids: Set<String> = []
            for _ in 0..<100 { ids.insert(try await api.call("account_check").requestID) }

            #expect(ids.count == 100)
            #expect(ids.allSatisfy { $0.wholeMatch(of: /[0-9A-Za-z-]+/) != nil })
            #expect(
                ids.allSatisfy { id in lines.all.count { $0.contains("request.id=\(id) ") || $0.hasSuffix(id) } == 1 }
            )
        }
    }
}
