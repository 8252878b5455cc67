import ChatProtocol
import RostrumClient
import RostrumTesting
import Testing

@Suite("Calls that are made again")
struct AdminRetryTests {
    private static let channel = NewOfficialChannel(owner: "anna", name: "News", id: "@TOA#_news", organization: "Town")

    @Test(
        "a change whose answer was lost is sent again with the same key and body",
        arguments: [ScriptedAPI.Step.close, .half, .status(502, "<html>"), .failure(20005)]
    )
    func sameKeyAndBody(fault: ScriptedAPI.Step) async throws {
        try await ScriptedAPI.with([fault, fault, .success()]) { client, api in
            try await client.destroyOfficialChannel("@TOA#_news")

            let requests = api.requests
            #expect(requests.count == 3)
            #expect(Set(requests.map(\.text)) == [#"{"Official_Account":"@TOA#_news"}"#])
            let keys = Set(requests.map { $0.header("idempotency-key") })
            #expect(keys.count == 1)
            #expect(keys.first??.utf8.count == 32)
        }
    }

    @Test("two changes have two keys, and a caller's own key is used as it is")
    func keysOfCalls() async throws {
        try await ScriptedAPI.with([.success()]) { client, api in
            try await client.kick("anna")
            try await client.kick("anna")
            try await client.kick("anna", idempotencyKey: "night-run-7")

            let keys = api.requests.map { $0.header("idempotency-key") }
            #expect(keys.count == 3)
            #expect(keys[0] != keys[1])
            #expect(keys[2] == "night-run-7")
        }
    }

    @Test("a read carries no key, and is made again all the same")
    func reads() async throws {
        try await ScriptedAPI.with([.close, .failure(70500), .success(#""ResultItem":[]"#)]) { client, api in
            let checks = try await client.checkAccounts(["anna"])

            #expect(checks == [])
            #expect(api.requests.map { $0.header("idempotency-key") } == [nil, nil, nil])
        }
    }

    @Test("a broadcast keeps its `Random`")
    func random() async throws {
        let sent = ScriptedAPI.Step.success(#""MsgKey":"1_1_1767225600","MsgTime":1767225600"#)
        try await ScriptedAPI.with([.close, .failure(20005), sent]) { client, api in
            let broadcast = try await client.sendBroadcast(Broadcast(text: "Hello"), to: "@TOA#_news")

            let randoms = api.requests.map { JSONValue($0.text)["Random"]?.integer }
            #expect(randoms == Array(repeating: Int64(broadcast.random), count: 3))
        }
    }

    @Test("attempts are bounded, and the pauses grow up to their bound")
    func backoff() async throws {
        let slow: (inout AdminClient) -> Void = { client in
            client.attempts = 6
            client.backoff = Backoff(firstPause: .milliseconds(100), longestPause: .milliseconds(500))
        }
        try await ScriptedAPI.with([.failure(20005)], configure: slow) { client, api in
            let error = await refused { try await client.kick("anna") }

            #expect(error?.code == .internalFault)
            #expect(api.requests.count == 6)
            let pauses = api.machine.pauses
            #expect(pauses.count == 5)
            for (pause, full) in zip(pauses, [100, 200, 400, 500, 500]) {
                #expect(pause >= .milliseconds(full / 2) && pause <= .milliseconds(full))
            }
        }
    }

    @Test("a pause is anything from half to all of its length")
    func jitter() {
        let backoff = Backoff(firstPause: .seconds(1), longestPause: .seconds(1))
        let pauses = (0...500).map { backoff.pause(beforeRetry: 1, random: $0) }

        #expect(pauses.min() == .milliseconds(500))
        #expect(pauses.max() == .seconds(1))
        #expect(Set(pauses).count == 501)
        #expect(backoff.pause(beforeRetry: .max, random: .max) <= .seconds(1))
    }

    @Test("a refusal is final", arguments: [130_004, 10023, 6017, 120_001, 60010])
    func finalRefusals(code: Int) async throws {
        try await ScriptedAPI.with([.failure(code), .success()]) { client, api in
            let error = await refused { try await client.kick("anna") }

            #expect(error == Refusal(code: ErrorCode(rawValue: code), info: "No.", requestID: "r-1"))
            #expect(api.requests.count == 1)
            #expect(api.machine.pauses.isEmpty)
        }
    }

    @Test("a server that is not there is no answer, after every attempt")
    func noServer() async throws {
        let port = try await Receiver.listening(Receiver.nothing) { $0.port }
        let machine = Machine()
        var client = try AdminClient(
            server: "http://127.0.0.1:\(port)",
            sdkAppID: 1,
            userSigs: .key("key"),
            surroundings: machine.surroundings
        )
        client.timeout = .milliseconds(100)

        await #expect {
            try await client.kick("anna")
        } throws: { error in
            guard case .noAnswer? = error as? RostrumError else { return false }
            return true
        }
        #expect(machine.pauses.count == 3)
    }

    @Test("an attempt that is not answered in time is no answer")
    func timeout() async throws {
        let hasty: (inout AdminClient) -> Void = { client in
            client.timeout = .milliseconds(50)
            client.attempts = 2
        }
        try await ScriptedAPI.with([.nothing], configure: hasty) { client, api in
            await #expect {
                try await client.kick("anna")
            } throws: { error in
                guard case .noAnswer? = error as? RostrumError else { return false }
                return true
            }
            #expect(api.machine.pauses.count == 1)
        }
    }

    @Test(
        "an answer that is none of the documented ones is unreadable, and not asked for again",
        arguments: [
            .reply("<html>"), .reply("[]"), .reply("{}"), .reply(#"{"ErrorCode":"0"}"#), .status(404, "{}"),
            .success(#""ResultItem":{}"#), .success(#""ResultItem":[{"UserID":7,"AccountStatus":"Imported"}]"#),
            .success(),
        ] as [ScriptedAPI.Step]
    )
    func unreadable(step: ScriptedAPI.Step) async throws {
        try await ScriptedAPI.with([step]) { client, api in
            await #expect {
                try await client.checkAccounts(["anna"])
            } throws: { error in
                guard case .unreadable? = error as? RostrumError else { return false }
                return true
            }
            #expect(api.requests.count == 1)
        }
    }

    @Test("a cancelled call ends at once and says so")
    func cancellation() async throws {
        try await ScriptedAPI.with([.nothing]) { client, api in
            try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    do throws(RostrumError) {
                        try await client.kick("anna")
                        return false
                    } catch {
                        guard case .cancelled = error else { return false }
                        return true
                    }
                }
                try await waitUntil("the request has come") { !api.requests.isEmpty }
                group.cancelAll()
                #expect(try await group.next() == true)
            }
        }
    }

    @Test("an ID in use, after a lost reply, is one's own channel only if it reads so")
    func ownChannel() async throws {
        func info(_ name: String) -> ScriptedAPI.Step {
            .success(
                #""OfficialAccountInfoList":[{"Official_Account":"@TOA#_news","ErrorCode":0,"ErrorInfo":"","#
                    + #""CreateTime":1,"Name":"\#(name)","Owner_Account":"anna","LastMsgTime":0,"SubscriberNum":0,"#
                    + #""Introduction":"","FaceUrl":"","Organization":"Town","CustomString":""}]"#
            )
        }
        try await ScriptedAPI.with([.close, .failure(130_008), info("News")]) { client, api in
            let channel = try await client.createOfficialChannel(Self.channel)
            #expect(channel == "@TOA#_news")
            #expect(api.requests.map(\.command).last == "official_account_open_http_svc/get_official_account_info")
        }
        try await ScriptedAPI.with([.close, .failure(130_008), info("Olds")]) { client, _ in
            #expect(await refused { try await client.createOfficialChannel(Self.channel) }?.code == .channelIDTaken)
        }
        try await ScriptedAPI.with([.failure(130_008), info("News")]) { client, api in
            #expect(await refused { try await client.createOfficialChannel(Self.channel) }?.code == .channelIDTaken)
            #expect(api.requests.count == 1)
        }
        try await ScriptedAPI.with([.failure(20005), .failure(130_008), info("News")]) { client, api in
            #expect(await refused { try await client.createOfficialChannel(Self.channel) }?.code == .channelIDTaken)
            #expect(api.requests.count == 2)
        }
    }
}

/// The refusal that a call ended with; nil when it did not.
func refused<Value>(by call: () async throws -> Value) async -> Refusal? {
    do {
        _ = try await call()
        return nil
    } catch RostrumError.refused(let refusal) {
        return refusal
    } catch {
        return nil
    }
}
