import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// The bucket of each command of each application: as deep as its rate, filled evenly (spec/conventions.md section 5).
@Suite struct FrequencyLimitTests {
    private static let command = "query_online_status"
    private static let body = #"{"To_Account":["administrator"]}"#

    private func call(
        _ api: TestAPI,
        _ command: String = Self.command,
        of application: SDKAppID = .example
    ) async throws -> ErrorCode {
        try await api.call(command, Self.body, of: application).code
    }

    /// How many calls go through before one is refused.
    private func burst(_ api: TestAPI) async throws -> Int {
        for count in 0... {
            let code = try await call(api)
            guard code == .ok else {
                #expect(code.rawValue == 60007)
                return count
            }
        }
        return 0
    }

    @Test("after a pause as many calls go at once as in a second", arguments: [1, 2, 7, 200])
    func burstIsTheRate(rate: Int64) async throws {
        try await StorageEngine.sqlite.withAPI(overrides: [.callsPerSecond: rate]) { api async throws in
            #expect(try await burst(api) == Int(rate))
            api.installation.clock.advance(seconds: 3600)
            #expect(try await burst(api) == Int(rate))
        }
    }

    @Test("an empty bucket has one more call as soon as its part of a second is over, and not before")
    func refill() async throws {
        try await StorageEngine.sqlite.withAPI(overrides: [.callsPerSecond: 4]) { api async throws in
            let clock = api.installation.clock
            #expect(try await burst(api) == 4)

            clock.advance(milliseconds: 249)
            #expect(try await call(api).rawValue == 60007)
            clock.advance(milliseconds: 1)
            #expect(try await call(api) == .ok)
            #expect(try await call(api).rawValue == 60007)
            clock.advance(milliseconds: 500)
            #expect(try await burst(api) == 2)
            clock.advance(milliseconds: 999)
            #expect(try await burst(api) == 3)
        }
    }

    /// Whoever tries again every millisecond gets exactly what the rate allows: refused calls cost nothing, and the
    /// bucket's arithmetic loses nothing.
    @Test("a caller who never stops asking gets exactly the rate", arguments: [1, 3, 7, 10, 30, 100, 200, 333])
    func exactUnderPressure(rate: Int64) async throws {
        try await StorageEngine.sqlite.withAPI(overrides: [.callsPerSecond: rate]) { api in
            #expect(try await burst(api) == Int(rate))
            let request = api.request(Self.command, Self.body)

            var admitted: Int64 = 0
            for millisecond in Int64(1)...1000 {
                api.installation.clock.advance(milliseconds: 1)
                if try await api.send(request).code == .ok { admitted += 1 }
                let earned = millisecond * rate / 1000
                guard admitted == earned else {
                    Issue.record("after \(millisecond) ms \(admitted) calls went through, and \(earned) were due")
                    return
                }
            }
        }
    }

    @Test("each command has a bucket of its own")
    func perCommand() async throws {
        try await StorageEngine.sqlite.withAPI(overrides: [.callsPerSecond: 1]) { api async throws in
            #expect(try await call(api) == .ok)
            #expect(try await call(api).rawValue == 60007)
            #expect(try await api.call("account_import", #"{"UserID":"anna"}"#).code == .ok)
            #expect(try await api.call("kick", "{}").code.rawValue == 70402)
        }
    }

    @Test(
        "some commands are documented at half the rate of the others",
        arguments: ["account_check", "account_delete", "multiaccount_import"]
    )
    func halfRate(command: String) async throws {
        try await StorageEngine.sqlite.withAPI(overrides: [.callsPerSecond: 5]) { api async throws in
            for _ in 0..<2 { #expect(try await api.call(command, "{}").code.rawValue == 70402) }
            #expect(try await api.call(command, "{}").code.rawValue == 60007)
        }
    }

    @Test("each application has a bucket of its own, and its own rate")
    func perApplication() async throws {
        try await StorageEngine.sqlite.withAPI(overrides: [:]) { api in
            _ = try await api.installation.applications.create(.example(id: .other), by: api.installation.operation())
            try await api.installation.setLimits([.callsPerSecond: 1], of: .example)
            try await api.installation.setLimits([.callsPerSecond: 2], of: .other)

            #expect(try await call(api) == .ok)
            #expect(try await call(api).rawValue == 60007)
            #expect(try await call(api, of: .other) == .ok)
            #expect(try await call(api, of: .other) == .ok)
            #expect(try await call(api, of: .other).rawValue == 60007)
        }
    }

    @Test("only calls of an admin count, whatever becomes of them after")
    func whatCounts() async throws {
        try await StorageEngine.sqlite.withAPI(overrides: [.callsPerSecond: 2]) { api async throws in
            for _ in 0..<5 {
                #expect(try await api.call(Self.command, Self.body, as: UserID("anna")).code.rawValue == 60010)
                #expect(try await api.call(Self.command, signedWith: "another key").code.rawValue == 70009)
            }

            #expect(try await api.call(Self.command, "{").code.rawValue == 60003)
            #expect(try await call(api) == .ok)
            #expect(try await call(api).rawValue == 60007)
        }
    }

    @Test("a clock that is set back gives nothing, and does not stop the bucket from filling")
    func clockSetBack() async throws {
        try await StorageEngine.sqlite.withAPI(overrides: [.callsPerSecond: 2]) { api async throws in
            let clock = api.installation.clock
            let request = api.request(Self.command, Self.body)
            #expect(try await burst(api) == 2)

            clock.advance(seconds: -60)
            #expect(try await api.send(request).code.rawValue == 60007)
            clock.advance(milliseconds: 499)
            #expect(try await api.send(request).code.rawValue == 60007)
            clock.advance(milliseconds: 1)
            #expect(try await api.send(request).code == .ok)
        }
    }

    @Test("0 stands for no limit")
    func noLimit() async throws {
        try await StorageEngine.sqlite.withAPI(overrides: [.callsPerSecond: 0]) { api async throws in
            let request = api.request(Self.command, Self.body)
            for _ in 0..<1000 { #expect(try await api.send(request).code == .ok) }
        }
    }

    @Test("a limit that is changed counts from the next call on")
    func changedLimit() async throws {
        try await StorageEngine.sqlite.withAPI(overrides: [:]) { api in
            try await api.installation.setLimits([.callsPerSecond: 2])
            #expect(try await burst(api) == 2)

            try await api.installation.setLimits([.callsPerSecond: 0])
            #expect(try await call(api) == .ok)
            try await api.installation.setLimits([.callsPerSecond: 5])
            #expect(try await call(api).rawValue == 60007)
            api.installation.clock.advance(seconds: 1)
            #expect(try await burst(api) == 5)
            try await api.installation.setLimits([.callsPerSecond: 1])
            api.installation.clock.advance(seconds: 9)
            #expect(try await burst(api) == 1)
        }
    }

    @Test("calls at the same moment never pass the limit together")
    func concurrent() async throws {
        try await StorageEngine.sqlite.withAPI(overrides: [.callsPerSecond: 10]) { api in
            let request = api.request(Self.command, Self.body)

            let codes = try await withThrowingTaskGroup(of: ErrorCode.self) { group in
                for _ in 0..<100 { group.addTask { try await api.send(request).code } }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            #expect(codes.count { $0 == .ok } == 10)
            #expect(codes.count { $0.rawValue == 60007 } == 90)
        }
    }
}
