/// A session's events.
///
/// One task may go through them at a time. The sequence ends when the session is left or the task is cancelled, and
/// throws ``SessionEnd`` when the session is over for another reason.
///
/// An event counts as taken when the next one is asked for: then its position is stored. So a program that stops in the
/// middle of handling an event gets it again.
public struct SubscriberEvents: AsyncSequence, Sendable {
    /// An event.
    public typealias Element = SubscriberEvent
    /// What ends the sequence early.
    public typealias Failure = SessionEnd

    let buffer: EventBuffer
    let store: any PositionStore

    /// Goes on where the iterator before stopped.
    public func makeAsyncIterator() -> Iterator {
        Iterator(buffer: buffer, store: store)
    }

    /// Takes a session's events one by one.
    public struct Iterator: AsyncIteratorProtocol {
        let buffer: EventBuffer
        let store: any PositionStore

        /// The next event.
        public mutating func next() async throws(SessionEnd) -> SubscriberEvent? {
            try await take()
        }

        /// The next event.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(SessionEnd) -> SubscriberEvent? {
            try await take()
        }

        private func take() async throws(SessionEnd) -> SubscriberEvent? {
            while true {
                if let mark = buffer.takeUnsaved() { try await save(mark) }
                switch await buffer.next() {
                case .delivery(let delivery):
                    if let event = delivery.event { return event }
                case .finished(let end):
                    guard let end else { return nil }
                    throw end
                case .cancelled:
                    return nil
                }
            }
        }

        private func save(_ mark: Delivery.Mark) async throws(SessionEnd) {
            do {
                switch mark {
                case .position(let channel, let position): try await store.store(position, of: channel)
                case .forget(let channel): try await store.forget(channel)
                }
            } catch {
                throw .positionStore(error)
            }
        }
    }
}
