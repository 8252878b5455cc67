package import Chat
package import ChatProtocol
package import Logging

/// What a call was answered with.
package struct CommandReply: Sendable {
    package let code: ErrorCode
    /// An envelope in JSON.
    package let bytes: [UInt8]
    /// What went wrong underneath; for the log alone.
    private let cause: (any Error)?

    /// Puts the envelope around what a command answers or throws.
    ///
    /// - Parameter codes: of the command's family; nil when the call named no command.
    init(
        to requestID: String,
        _ codes: CodeFamily?,
        _ answer: () async throws(ChatError) -> JSONObject
    ) async {
        do throws(ChatError) {
            let payload = try await answer()
            (code, bytes, cause) = (.ok, Envelope.success(payload, requestID: requestID), nil)
        } catch {
            let fault = codes?.internalFault ?? .internalFault
            let answered = error.isInternalFault ? error.answered(with: fault) : error
            code = answered.code
            bytes = Envelope.failure(answered, requestID: requestID)
            cause = error.cause
        }
    }

    /// Leaves behind what went wrong underneath, if anything did.
    package func logCause(to logger: Logger, requestID: String) {
        guard let cause else { return }
        logger.error(
            "internal fault",
            metadata: ["request.id": "\(requestID)", "error.cause": "\(String(reflecting: cause))"]
        )
    }
}

extension Command {
    /// Answers a call that was let in elsewhere, as an operator's is by the console.
    ///
    /// - Parameter observer: the emulator's, which sees such a call like any other; nil in production.
    package func reply(
        to body: [UInt8],
        for call: Call,
        seenBy observer: (any CallObserver)?
    ) async -> CommandReply {
        let reply = await CommandReply(to: call.requestID, card.codes) { () throws(ChatError) in
            let limit = call.application.limits[.requestBytes]
            guard body.count <= limit else { throw .bodyTooLong(limit) }
            if let fault = await observer?.fault(for: card.name) { throw fault }
            return try await answer(body, of: call.application, at: call.time) { call }
        }
        guard let observer else { return reply }
        var record = AnsweredCall(requestID: call.requestID, method: "POST", path: card.path, address: call.address)
        (record.application, record.identifier) = (call.application.id.description, call.caller.rawValue)
        (record.body, record.reply, record.code) = (body, reply.bytes, reply.code)
        observer.answered(record)
        return reply
    }

    /// Judges what every command asks of a body and of the application, then has the command answer.
    ///
    /// - Parameter call: made when the body is an object and the application may have the command.
    func answer(
        _ body: [UInt8],
        of application: Application,
        at now: Timestamp,
        _ call: () throws(ChatError) -> Call
    ) async throws(ChatError) -> JSONObject {
        let codes = card.codes
        let object = try Self.object(body, codes)
        if codes.needsChannelService { try application.demandChannelService(at: now) }
        return try await answer(RequestBody(object, codes: codes), try call())
    }

    private static func object(_ bytes: [UInt8], _ codes: CodeFamily) throws(ChatError) -> JSONObject {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw ChatError(.bodyNotJSON, "The body is not JSON: \(error.reason) at byte \(error.offset).")
        }
        guard case .object(let object) = value else {
            throw ChatError(codes.bodyNotObject, "The body must be a JSON object; it is \(value.kind).")
        }
        return object
    }
}

extension ChatError {
    /// - Parameter limit: in bytes.
    static func bodyTooLong(_ limit: Int64) -> ChatError {
        ChatError(.httpParsingFailed, "The body is longer than \(limit) bytes; send less at once.")
    }
}
