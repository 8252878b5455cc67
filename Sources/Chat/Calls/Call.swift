package import ChatProtocol
import Instrumentation
package import Traces

/// Who asks for something, where he stands, and when: what every operation that changes anything is told.
package struct Call: Sendable {
    package let application: Application
    /// The authenticated account; for commands an app admin.
    package let caller: UserID
    /// Who did it, as the audit names him: the caller, or an operator who acts in his name.
    package let performer: String
    /// The caller's IP address, as far as it is known.
    package let address: String
    /// What the caller calls from.
    package let platform: ClientPlatform
    /// The `RequestId` of the reply.
    package let requestID: String
    package let time: Timestamp
    /// What the caller gave so that a retry does nothing twice.
    package let idempotency: IdempotencyKey?
    /// The trace that the call belongs to, which goes with the webhooks that it causes.
    package let trace: TraceContext?

    /// - Parameter trace: the one in which the task runs that makes the call, unless it is told otherwise.
    package init(
        application: Application,
        caller: UserID,
        performer: String? = nil,
        address: String,
        platform: ClientPlatform = .restAPI,
        requestID: String,
        time: Timestamp,
        idempotency: IdempotencyKey? = nil,
        trace: TraceContext? = ServiceContext.current?.trace
    ) {
        (self.application, self.caller, self.address, self.platform) = (application, caller, address, platform)
        (self.requestID, self.time, self.idempotency) = (requestID, time, idempotency)
        self.trace = trace
        self.performer = performer ?? caller.rawValue
    }

    /// The same call under a key.
    package func under(_ key: IdempotencyKey) -> Call {
        Call(
            application: application,
            caller: caller,
            performer: performer,
            address: address,
            platform: platform,
            requestID: requestID,
            time: time,
            idempotency: key,
            trace: trace
        )
    }
}
