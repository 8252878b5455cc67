import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// Applications as a list shows them, and numbers that nobody has.
@Suite struct ApplicationListTests {
    @Test("a summary says what the application itself says", arguments: StorageEngine.enabled)
    func summaries(engine: StorageEngine) async throws {
        try await engine.withInstallation(overrides: [.callsPerSecond: 7]) { installation in
            let trial = NewApplication.example(id: .other, name: "Trial", plan: .trial)
            _ = try await installation.applications.create(trial, by: installation.operation())
            try await installation.setLimits([.accounts: 12, .channels: 0])
            try await installation.importAccounts("anna")
            var change = ApplicationChange()
            (change.isEnabled, change.channelServiceIsEnabled) = (false, false)
            change.channelServiceExpiresAt = .some(Timestamp(seconds: 2_000_000_000))
            _ = try await installation.applications.update(.example, change, by: installation.operation())

            let summaries = try await installation.applications.page(after: nil, limit: 10)

            #expect(summaries.map(\.id) == [.example, .other])
            for summary in summaries {
                let application = try await installation.application(summary.id)
                #expect(summary.name == application.name && summary.plan == application.plan)
                #expect(summary.isEnabled == application.isEnabled && summary.limits == application.limits)
                #expect(summary.channelServiceIsEnabled == application.channelServiceIsEnabled)
                #expect(summary.channelServiceEnd == application.channelServiceEnd)
                #expect(try await summary.usage == installation.applications.usage(of: summary.id))
            }
        }
    }

    @Test("pages follow each other by number", arguments: StorageEngine.enabled)
    func pages(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let applications = installation.applications
            for number in [7, 3, 5] as [Int64] {
                _ = try await applications.create(.example(id: SDKAppID(number)), by: installation.operation())
            }

            let first = try await applications.page(after: nil, limit: 2).map(\.id)
            let second = try await applications.page(after: first.last, limit: 2).map(\.id)
            let third = try await applications.page(after: second.last, limit: 2).map(\.id)

            #expect(first == [SDKAppID(3), SDKAppID(5)] && second == [SDKAppID(7), .example] && third == [])
        }
    }

    /// Draws what it was told to, then the same for ever.
    private struct Loaded: RandomSource {
        let drawn: [UInt8]

        func bytes(_ count: Int) -> [UInt8] { drawn }
    }

    @Test("a free number has ten digits, begins with 14 and is nobody's", arguments: StorageEngine.enabled)
    func freeNumber(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            let applications = installation.applications

            let free = try await applications.freeNumber(installation.random)
            let next = try await applications.freeNumber(Loaded(drawn: [0, 0, 0, 2]))
            let error = await refusal { try await applications.freeNumber(Loaded(drawn: [0, 0, 0, 1])) }

            #expect(free.rawValue / 100_000_000 == 14)
            #expect(next == .other)
            #expect(error?.code == .accountParameterInvalid)
        }
    }

    @Test("the audit is read on from its last entry, also within a moment", arguments: StorageEngine.enabled)
    func auditPages(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            for number in 0..<7 {
                if number == 4 { installation.clock.advance(seconds: 1) }
                try await installation.importAccounts("user\(number)")
            }
            let all = try await installation.audit()

            var found: [AuditEntry] = []
            while true {
                let page = try await installation.applications.audit(
                    of: .example,
                    newest: 3,
                    before: found.last.map { ($0.time, $0.requestID) }
                )
                if page.isEmpty { break }
                found += page
            }

            #expect(found == all && all.count == 8)
        }
    }

    @Test(
        "a moment is read as people write it",
        arguments: [
            ("2026-01-01", 0), ("2026-01-01T00:00:05Z", 5), ("2026-01-02", 86_400), ("2026-13-01", nil),
            ("tomorrow", nil), ("", nil),
        ] as [(String, Int64?)]
    )
    func moments(text: String, seconds: Int64?) {
        #expect(Timestamp(text: text) == seconds.map { ManualClock.start.advanced(bySeconds: $0) })
    }
}
