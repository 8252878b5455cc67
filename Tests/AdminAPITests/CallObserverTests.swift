import AdminAPI
import Chat
import ChatProtocol
import RostrumTesting
import Synchronization
import Testing

/// The seam at which the emulator watches calls and puts faults in their way.
@Suite struct CallObserverTests {
    /// Answers with the faults it was given, and remembers what it was asked and told.
    private final class Recorder: CallObserver {
        private let faults: [String: ChatError]
        private let state = Mutex<(asked: [String], told: [AnsweredCall])>(([], []))

        init(_ faults: [String: ChatError] = [:]) {
            self.faults = faults
        }

        var asked: [String] { state.withLock { $0.asked } }
        var told: [AnsweredCall] { state.withLock { $0.told } }

        func fault(for command: String) async -> ChatError? {
            state.withLock { $0.asked.append(command) }
            return faults[command]
        }

        func answered(_ call: AnsweredCall) {
            state.withLock { $0.told.append(call) }
        }
    }

    @Test("a fault is answered as it is, and the command does nothing", arguments: CommandExample.all)
    func fault(example: CommandExample) async throws {
        let recorder = Recorder([example.command: ChatError(ErrorCode(rawValue: 120_001), "Own fault.")])
        try await StorageEngine.sqlite.withAPI(observer: recorder) { api in
            try await api.prepare()
            let before = try await api.installation.audit()

            let reply = try await api.call(example.command, example.body)

            #expect(reply.code.rawValue == 120_001 && reply.info == "Own fault.")
            #expect(try await api.installation.audit() == before)
            #expect(recorder.asked == [example.command])
            #expect(recorder.told.last?.body == Array(example.body.utf8))
        }
    }

    @Test("only calls that passed authentication and frequency and have a body can meet a fault")
    func whenAsked() async throws {
        let recorder = Recorder(["account_check": ChatError(.internalFault, "Own fault.")])
        try await StorageEngine.sqlite.withAPI(overrides: [.callsPerSecond: 1], observer: recorder) {
            api async throws in
            #expect(try await api.call("account_check", as: UserID("anna")).code.rawValue == 60010)
            #expect(try await api.call("account_check", signedWith: "another key").code.rawValue == 70009)
            #expect(try await api.call("nothing").code.rawValue == 60009)
            #expect(recorder.asked.isEmpty)

            #expect(try await api.call("account_check", sending: .incomplete).code.rawValue == 60008)
            #expect(try await api.call("account_check").code.rawValue == 60007)
            #expect(recorder.asked.isEmpty)
            api.installation.clock.advance(seconds: 1)
            #expect(try await api.call("account_check", "not JSON").code.rawValue == 20005)
            #expect(recorder.asked == ["account_check"])
        }
    }

    @Test("every call is told once, with all but its token")
    func record() async throws {
        let recorder = Recorder()
        try await StorageEngine.sqlite.withAPI(observer: recorder) { api in
            let body = #"{"CheckItem":[{"UserID":"anna"}]}"#

            let reply = try await api.call("account_check", body, method: "GET", address: "203.0.113.9")

            let call = try #require(recorder.told.first)
            #expect(recorder.told.count == 1)
            #expect(call.requestID == reply.requestID)
            #expect((call.method, call.path) == ("GET", "/v4/im_open_login_svc/account_check"))
            #expect(call.address == "203.0.113.9")
            #expect((call.application, call.identifier) == ("1400000001", "administrator"))
            #expect(call.body == Array(body.utf8))
            #expect(call.reply == reply.bytes)
            #expect(call.code == .ok)
        }
    }

    @Test("refused calls are told too, as far as they came")
    func refusedCalls() async throws {
        let recorder = Recorder()
        try await StorageEngine.sqlite.withAPI(observer: recorder) { api in
            let unknown = try await api.call("/v4/nothing", "{}")
            let notAdmin = try await api.call("kick", "{}", as: UserID("anna"))
            let notJSON = try await api.call("kick", "{")

            let told = recorder.told
            try #require(told.count == 3)
            #expect(told.map(\.requestID) == [unknown, notAdmin, notJSON].map(\.requestID))
            #expect(told.map(\.code.rawValue) == [60009, 60010, 60003])
            #expect(told[0].application == nil && told[0].path == "/v4/nothing")
            #expect(told[1].identifier == "anna" && told[1].body.isEmpty)
            #expect(told[2].body == Array("{".utf8))
            #expect(told.map(\.reply) == [unknown, notAdmin, notJSON].map(\.bytes))
        }
    }
}
