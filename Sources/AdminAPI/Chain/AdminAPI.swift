package import Chat
package import ChatProtocol
import Crypto
package import Logging
package import Metrics

/// The REST API: takes an HTTP request through every check and runs the command that it names.
///
/// The order of the checks is that of spec/conventions.md section 8. Whatever happens, the answer is HTTP 200 with an
/// envelope, and one log line and one count are left behind.
package struct AdminAPI: Sendable {
    private let catalogue: Catalogue
    private let admission: Admission
    private let clock: any WallClock
    private let requestIDs: RequestIDs
    private let observer: (any CallObserver)?
    private let metrics: CommandMetrics
    private let logger: Logger
    private let frequency = FrequencyLimit()

    package init(
        catalogue: Catalogue,
        admission: Admission,
        clock: any WallClock,
        random: any RandomSource,
        observer: (any CallObserver)? = nil,
        metrics: any MetricsFactory,
        logger: Logger
    ) {
        (self.catalogue, self.admission, self.clock) = (catalogue, admission, clock)
        (self.observer, self.logger) = (observer, logger)
        requestIDs = RequestIDs(random: random)
        self.metrics = CommandMetrics(commands: catalogue.commands.map(\.card.name), factory: metrics)
    }

    /// The reply's bytes: an envelope in JSON.
    package func answer(_ request: IncomingRequest) async -> [UInt8] {
        let began = ContinuousClock.now
        let command = catalogue.command(at: String(request.path))
        var record = AnsweredCall(
            requestID: requestIDs.next(),
            method: request.method,
            path: String(request.path),
            address: request.address
        )
        let reply = await CommandReply(to: record.requestID, command?.card.codes) { () throws(ChatError) in
            try await run(command, request, &record)
        }
        (record.code, record.reply) = (reply.code, reply.bytes)
        reply.logCause(to: logger, requestID: record.requestID)
        let duration = ContinuousClock.now - began
        metrics.record(command?.card.name, record.code, took: duration)
        log(record, command, duration)
        observer?.answered(record)
        return record.reply
    }

    /// The envelope for a request that is refused before it comes to any command.
    package func refusal(_ error: ChatError) -> [UInt8] {
        Envelope.failure(error, requestID: requestIDs.next())
    }

    /// The checks, in their order, then the command.
    private func run(
        _ command: (any Command)?,
        _ request: IncomingRequest,
        _ record: inout AnsweredCall
    ) async throws(ChatError) -> JSONObject {
        guard let command else {
            throw ChatError(
                .unknownCommand,
                "The path names no command; it must be /v4/SERVICE/COMMAND, in the documentation's letters."
            )
        }
        guard request.method == "POST" || request.method == "GET" && request.announcesBody else {
            throw ChatError(.httpParsingFailed, "The method must be POST.")
        }
        let card = command.card
        let parameters = try URLParameters(query: request.query)
        (record.application, record.identifier) = (parameters.sdkAppID, parameters.identifier)
        let now = clock.now
        let application = try await admission.application(parameters)
        let caller = try await admission.authenticate(parameters, of: application, from: request.address).identifier
        guard application.admins.contains(caller) else {
            throw ChatError(
                .adminRequired,
                "\(caller) is no app admin; call as one, or make it one with `rostrum app add-admin`."
            )
        }
        let rate = card.rate(application.limits[.callsPerSecond])
        guard frequency.admits(card.name, of: application.id, rate: rate, at: now) else {
            throw ChatError(
                .frequencyExceeded,
                "More than \(rate) calls of \(card.name) in a second; slow down, then retry."
            )
        }
        let bytes = try await body(request, limit: application.limits[.requestBytes])
        record.body = bytes
        // After the body, so that the observer is told it even of a call that meets a fault.
        if let fault = await observer?.fault(for: card.name) { throw fault }
        let requestID = record.requestID
        return try await command.answer(bytes, of: application, at: now) { () throws(ChatError) in
            Call(
                application: application,
                caller: caller,
                address: request.address,
                requestID: requestID,
                time: clock.now,
                idempotency: try Self.idempotencyKey(request.idempotencyKey, card, bytes)
            )
        }
    }

    private func body(_ request: IncomingRequest, limit: Int64) async throws(ChatError) -> [UInt8] {
        switch await request.readBody(Int(limit)) {
        case .complete(let bytes):
            return bytes
        case .tooLarge:
            throw .bodyTooLong(limit)
        case .incomplete:
            throw ChatError(.requestTimedOut, "The body did not arrive in full; send it again.")
        }
    }

    private static func idempotencyKey(
        _ header: String?,
        _ card: CommandCard,
        _ body: [UInt8]
    ) throws(ChatError) -> IdempotencyKey? {
        guard let header else { return nil }
        var hash = SHA256()
        hash.update(data: Array(card.path.utf8) + [0])
        hash.update(data: body)
        guard let key = IdempotencyKey(name: header, digest: Array(hash.finalize())) else {
            throw ChatError(
                .httpParsingFailed,
                "Idempotency-Key must be 1 to \(IdempotencyKey.longest) visible ASCII characters."
            )
        }
        return key
    }

    private func log(_ record: AnsweredCall, _ command: (any Command)?, _ duration: Duration) {
        logger.info(
            "call",
            metadata: [
                "request.id": .string(record.requestID),
                // What the caller wrote may be anything; only a number is repeated.
                "application": .string(record.application.flatMap { SDKAppID($0) }?.description ?? "-"),
                "command": .string(command?.card.path ?? CommandMetrics.unknown),
                "code": .stringConvertible(record.code.rawValue),
                "duration.us": .stringConvertible(duration.wholeMicroseconds),
                "client.address": .string(record.address),
            ]
        )
    }
}

extension Duration {
    /// Whole microseconds, rounded down; dividing one duration by another goes through floating point.
    fileprivate var wholeMicroseconds: Int64 {
        components.seconds &* 1_000_000 &+ components.attoseconds / 1_000_000_000_000
    }
}
