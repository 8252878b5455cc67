package import ChatProtocol
import Database
import EventBus
import Instrumentation
import Traces

/// What applications are asked and told: "before" webhooks, which may refuse, and "after" webhooks, which follow.
///
/// Source: spec/webhooks-official-channels.md, design section 5.
package struct Webhooks: Sendable {
    private let database: any Database
    private let bus: any EventBus
    private let sender: any WebhookSender
    private let clock: any WallClock
    private let random: any RandomSource
    private let counters: WebhookCounters
    private let propagator: W3CPropagator

    init(
        database: any Database,
        bus: any EventBus,
        sender: any WebhookSender,
        clock: any WallClock,
        random: any RandomSource,
        counters: WebhookCounters
    ) {
        (self.database, self.bus, self.sender) = (database, bus, sender)
        (self.clock, self.random, self.counters) = (clock, random, counters)
        propagator = W3CPropagator(random: random.bytes)
    }

    /// Asks the backend whether an operation may go ahead; it is asked once.
    ///
    /// Without an answer (none in time, another status than 200, no JSON) the application's policy decides.
    ///
    /// - Parameter body: asked for only when the webhook is on.
    /// - Returns: what the backend answered, ``WebhookVerdict/goAhead`` when it is not asked or does not answer.
    /// - Throws: 80003 when there was no answer and the policy is to deny.
    func ask(
        _ command: WebhookCommand,
        for call: Call,
        about channel: String,
        _ body: () -> JSONObject
    ) async throws(ChatError) -> WebhookVerdict {
        let settings = call.application.webhooks
        guard settings.wants(command) else { return .goAhead }
        let asked = webhookCall(command, for: call, body())
        let attempt = await self.attempt(asked, of: call.application, number: 1, channel: channel)
        guard case .replied(let reply) = attempt.outcome, let verdict = WebhookVerdict(reply, to: asked.delivery) else {
            keep(attempt, of: call.application.id, remark: "no verdict; policy \(settings.timeoutPolicy.rawValue)")
            guard settings.timeoutPolicy == .allow else {
                throw ChatError(
                    .webhookFailed,
                    "The application's backend did not answer its webhook, and its policy is to refuse then; retry."
                )
            }
            return .goAhead
        }
        keep(attempt, of: call.application.id, remark: "verdict \(verdict.code)")
        return verdict
    }

    /// Says in the delivery log why an answer was not followed.
    func remark(
        _ text: String,
        on verdict: WebhookVerdict,
        to command: WebhookCommand,
        for call: Call,
        about channel: ChannelID
    ) {
        let attempt = WebhookAttempt(
            delivery: verdict.delivery,
            number: 0,
            command: command.rawValue,
            channel: channel.rawValue,
            at: clock.now,
            outcome: .failed(text),
            latency: .zero,
            request: []
        )
        keep(attempt, of: call.application.id, remark: nil)
    }

    /// Writes an "after" webhook into the outbox, in the transaction of the change that it tells of, and lets the
    /// outbox's reader know when it is there.
    ///
    /// - Parameter body: asked for only when the webhook is on.
    func tell(
        _ command: WebhookCommand,
        for call: Call,
        about channel: ChannelID,
        in tx: any Transaction,
        _ body: () -> JSONObject
    ) throws(ChatError) {
        guard call.application.webhooks.wants(command) else { return }
        try Outbox.add(
            webhookCall(command, for: call, body()),
            to: channel.rawValue,
            of: call.application.id,
            at: call.time,
            in: tx
        )
        let application = call.application.id
        tx.onCommit { [bus] in bus.publish(.outboxFilled(application)) }
    }

    /// The `CallbackCommand` of the test event; ours, so that no backend takes it for one of the documented ones.
    package static let testCommand = "Rostrum.CallbackTest"

    /// Sends a test event and returns what came of it.
    ///
    /// It is tried once. Its attempt stands in the delivery log, and who sent it in the audit.
    ///
    /// - Throws: 70402 when the application has no webhook URL.
    package func test(
        _ application: Application,
        by operation: Operation
    ) async throws(ChatError) -> WebhookAttempt {
        guard application.webhooks.url != nil else {
            throw ChatError(.accountParameterInvalid, "Application \(application.id) has no webhook URL.")
        }
        let body: JSONObject = [
            "CallbackCommand": .string(Self.testCommand), "EventTime": .integer(clock.now.milliseconds),
        ]
        let call = WebhookCall(
            delivery: DeliveryID.make(at: clock.now, random),
            command: Self.testCommand,
            body: body.json,
            clientAddress: "127.0.0.1",
            platform: .unknown,
            trace: ServiceContext.current?.trace
        )
        let attempt = await attempt(call, of: application, number: 1, channel: "")
        let id = application.id
        try await database.write(of: .application(id)) { tx throws(ChatError) in
            try Audit.record(operation.entry("webhooks test", of: id), of: id, in: tx)
            // Of an application that was deleted while its backend was asked nothing else is to be left.
            guard try ApplicationTable.exists(id, in: tx) else { return }
            try DeliveryLog.add([attempt], of: id, in: tx)
        }
        return attempt
    }

    /// Makes one attempt, and counts it.
    ///
    /// - Parameter number: of the attempt, from 1.
    package func attempt(
        _ call: WebhookCall,
        of application: Application,
        number: Int64,
        channel: String
    ) async -> WebhookAttempt {
        let now = clock.now
        let began = ContinuousClock.now
        let outcome =
            if let request = request(call, of: application, at: now) {
                await sender.post(request)
            } else {
                WebhookOutcome.failed("no webhook URL is set")
            }
        let attempt = WebhookAttempt(
            delivery: call.delivery,
            number: number,
            command: call.command,
            channel: channel,
            at: now,
            outcome: outcome,
            latency: ContinuousClock.now - began,
            request: call.body
        )
        counters.count(attempt)
        return attempt
    }

    private func request(_ call: WebhookCall, of application: Application, at now: Timestamp) -> WebhookRequest? {
        guard var request = call.request(of: application.id, application.webhooks, at: now) else { return nil }
        propagator.inject(.of(call.trace), into: &request, using: WebhookHeaderInjector())
        return request
    }

    /// Puts an attempt into the delivery log without waiting for it: the caller's answer does not hang on it.
    private func keep(_ attempt: WebhookAttempt, of application: SDKAppID, remark: String?) {
        database.enqueue(
            WriteOperation(of: .application(application)) { tx in
                let result = Result { () throws(ChatError) in
                    // Of an application that was deleted while its backend was asked nothing is to be left.
                    guard try ApplicationTable.exists(application, in: tx) else { return }
                    try DeliveryLog.add([attempt], remark: remark, of: application, in: tx)
                }
                let isFailure = if case .failure = result { true } else { false }
                return WriteOperation.Outcome(isFailure: isFailure) {}
            } refuse: { _ in
            }
        )
    }

    private func webhookCall(_ command: WebhookCommand, for call: Call, _ body: JSONObject) -> WebhookCall {
        WebhookCall(
            delivery: DeliveryID.make(at: clock.now, random),
            command: command.rawValue,
            body: body.json,
            clientAddress: call.address,
            platform: call.platform,
            trace: call.trace
        )
    }
}
