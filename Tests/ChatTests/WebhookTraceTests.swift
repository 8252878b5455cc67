import Chat
import ChatProtocol
import Database
import Instrumentation
import RostrumTesting
import Testing
import Traces

/// The trace of a call goes with the webhooks that it causes.
@Suite struct WebhookTraceTests {
    private static let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    private static let trace = TraceContext(traceparent: traceparent, tracestate: "rojo=1,congo=two words")

    private func headers(_ request: WebhookRequest?) -> [String: String] {
        let headers = (request?.headers ?? []).filter { $0.name.hasPrefix("trace") }
        return Dictionary(headers.map { ($0.name, $0.value) }) { first, second in first + " and " + second }
    }

    private let expected = ["traceparent": traceparent, "tracestate": "rojo=1,congo=two words"]

    private func inTrace<Value>(_ trace: TraceContext? = Self.trace, _ body: () async throws -> Value) async rethrows
        -> Value
    {
        try await ServiceContext.withValue(.of(trace)) { try await body() }
    }

    @Test("a call has the trace of the task that makes it, also under a key")
    func call() async throws {
        try await StorageEngine.sqlite.withInstallation { installation in
            let key = try #require(IdempotencyKey(name: "k", digest: []))
            let call = try await inTrace { try await installation.call() }
            #expect(call.trace == Self.trace)
            #expect(call.under(key).trace == Self.trace)
            #expect(try await installation.call().trace == nil)
        }
    }

    @Test("a \"before\" webhook has it, and without one nothing is said", arguments: StorageEngine.enabled)
    func before(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setWebhooks([.beforeCreate])
            _ = try await inTrace { try await installation.createChannel(.example()) }
            #expect(headers(installation.backend.posts.last?.request) == expected)

            _ = try await installation.createChannel(.example(id: ChannelID("@TOA#_other")))
            #expect(installation.backend.posts.count == 2)
            #expect(headers(installation.backend.posts.last?.request) == [:])
        }
    }

    @Test(
        "an \"after\" webhook has it in every attempt, whoever makes it, and as a dead letter that is sent again",
        arguments: StorageEngine.enabled
    )
    func after(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setWebhooks([.afterCreate], retry: .off)
            installation.backend.answerAll(with: .reply("", status: 503))
            _ = try await inTrace { try await installation.createChannel(.example()) }
            #expect(try await installation.waiting().map(\.call.trace) == [Self.trace])

            // As another process would: all that it knows is what is stored.
            try await installation.deliver()
            #expect(headers(installation.backend.posts.last?.request) == expected)
            let letter = try #require(try await installation.deliveries.deadLetters(of: .example, newest: 1).first)
            #expect(letter.call.trace == Self.trace)

            installation.backend.answerAll(with: .accepted)
            _ = try await installation.deliveries.retry(
                letter.call.delivery,
                of: .example,
                by: installation.operation()
            )
            try await installation.deliver()
            #expect(installation.backend.posts.count == 2)
            #expect(headers(installation.backend.posts.last?.request) == expected)
        }
    }

    @Test("an event of a program that knew no traces is delivered without one", arguments: StorageEngine.enabled)
    func older(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.setWebhooks([.afterCreate])
            _ = try await inTrace { try await installation.createChannel(.example()) }
            for stored in [nil, "", "nonsense", "00-0-0-0 a=1"] as [String?] {
                try await installation.execute("UPDATE outbox SET trace = \(stored)")
                #expect(try await installation.waiting().map(\.call.trace) == [nil])
            }
            try await installation.deliver()
            #expect(headers(installation.backend.posts.last?.request) == [:])
        }
    }
}
