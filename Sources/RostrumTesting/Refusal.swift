package import ChatProtocol
package import Database

/// What `body` is refused with; nil when it succeeds.
///
/// An error of another type counts as an internal fault that it caused.
///
/// ```swift
/// #expect(await refusal { try await channels.destroy(id, for: call) }?.code == .channelNotFound)
/// ```
package func refusal<Value>(of body: () async throws -> Value) async -> ChatError? {
    do {
        _ = try await body()
        return nil
    } catch let error as ChatError {
        return error
    } catch {
        return .internalFault(error)
    }
}

extension ChatError {
    /// What kind of storage fault is underneath; nil when it is no storage fault.
    package var storageFault: DatabaseError.Kind? {
        (cause as? DatabaseError)?.kind
    }
}
