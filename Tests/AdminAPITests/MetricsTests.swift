import AdminAPI
import Chat
import ChatProtocol
import Observability
import RostrumTesting
import Testing

/// Calls are counted by command and code, and timed by command.
@Suite struct MetricsTests {
    private func withMetrics(
        _ body: (TestAPI, PrometheusRegistry) async throws -> Void
    ) async throws {
        let registry = PrometheusRegistry(exposesProcess: false)
        try await StorageEngine.sqlite.withInstallation(
            metrics: registry,
            overrides: [.callsPerSecond: 0]
        ) { installation in
            try await body(TestAPI(installation), registry)
        }
    }

    /// The value of a sample of that name whose labels are exactly these.
    private func sample(_ name: String, _ labels: [String: String], in registry: PrometheusRegistry) -> Double? {
        for line in registry.exposition().split(separator: "\n") where line.hasPrefix(name + "{") {
            let parts = line.dropFirst(name.count + 1).split(separator: "} ")
            let pairs = parts[0].split(separator: ",").map { $0.split(separator: "=").map(String.init) }
            let found = Dictionary(uniqueKeysWithValues: pairs.map { ($0[0], String($0[1].dropFirst().dropLast())) })
            if found == labels { return Double(parts[1]) }
        }
        return nil
    }

    @Test("every command is there from the start, at 0")
    func fromTheStart() async throws {
        try await withMetrics { api, registry in
            for command in api.catalogue.names.union(["unknown"]) {
                #expect(sample("rostrum_requests_total", ["command": command, "code": "0"], in: registry) == 0)
                #expect(sample("rostrum_request_duration_seconds_count", ["command": command], in: registry) == 0)
            }
        }
    }

    @Test("a call counts once, under its command and code")
    func counts() async throws {
        try await withMetrics { api, registry in
            let body = #"{"CheckItem":[{"UserID":"anna"}]}"#
            for _ in 0..<3 { _ = try await api.call("account_check", body) }
            for _ in 0..<2 { _ = try await api.call("account_check", "{}") }
            _ = try await api.call("account_check", body, signedWith: "another key")
            _ = try await api.call("kick", #"{"UserID":"ghost"}"#)

            for (command, code, count) in [
                ("account_check", "0", 3.0), ("account_check", "70402", 2), ("account_check", "70009", 1),
                ("kick", "70107", 1), ("kick", "0", 0),
            ] {
                let found = sample("rostrum_requests_total", ["command": command, "code": code], in: registry)
                #expect(found == count, "\(command) \(code)")
            }
            let timed = "rostrum_request_duration_seconds_count"
            #expect(sample(timed, ["command": "account_check"], in: registry) == 6)
            #expect(sample(timed, ["command": "kick"], in: registry) == 1)
        }
    }

    @Test("whatever a backend refuses with counts as one code, for it has no bound")
    func refusedByBackend() async throws {
        try await withMetrics { api, registry in
            var change = ApplicationChange()
            change.webhooks.url = .some(WebhookURL(rawValue: "https://backend.example.net/hook"))
            change.webhooks.commands = [.beforeCreate]
            _ = try await api.installation.applications.update(.example, change, by: api.installation.operation())
            for verdict: Int64 in [120_001, 125_000, 130_000] {
                api.installation.backend.answer("BeforeCreateOfficialAccount", with: .verdict(verdict))
                let body = #"{"Owner_Account":"administrator","Name":"News"}"#
                let reply = try await api.call("create_official_account", body)
                #expect(reply.code.rawValue == Int(verdict))
            }

            let name = "rostrum_requests_total"
            #expect(sample(name, ["command": "create_official_account", "code": "webhook"], in: registry) == 3)
            #expect(!registry.exposition().contains("125000"))
        }
    }

    @Test("paths of no command share one name, so that callers cannot grow the metrics")
    func unknownPaths() async throws {
        try await withMetrics { api, registry in
            let before = registry.exposition().split(separator: "\n").count
            for number in 0..<50 { _ = try await api.call("/v4/openim/nothing\(number)") }

            #expect(sample("rostrum_requests_total", ["command": "unknown", "code": "60009"], in: registry) == 50)
            #expect(!registry.exposition().contains("nothing"))
            #expect(registry.exposition().split(separator: "\n").count == before + 1)
        }
    }

    @Test("tokens that were verified before are counted as hits")
    func tokens() async throws {
        try await withMetrics { api, registry in
            let request = api.request("account_check")
            for _ in 0..<4 { _ = try await api.send(request) }

            #expect(sample("rostrum_usersig_cache_total", ["result": "miss"], in: registry) == 1)
            #expect(sample("rostrum_usersig_cache_total", ["result": "hit"], in: registry) == 3)
        }
    }
}
