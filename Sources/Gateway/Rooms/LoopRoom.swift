import ChatProtocol
import EventBus
import NIOCore
import WebSockets

/// The members of a room on one event loop, and what is being delivered to them; used on that loop only.
///
/// A delivery goes in slices, so that a room of many thousands does not keep the loop from everything else. Members may
/// come and go between two slices: whoever leaves leaves a gap, whoever comes has its ``Membership/floor``.
///
/// What most members need is a `send` and nothing else, and what it takes lies side by side in ``places``: to look at each
/// member's own memory costs the more the more there are, for none of it is in the processor's cache by then.
final class LoopRoom {
    /// What a delivery must know of a member who is to be sent it at once.
    private struct Place {
        /// Nil when there is more to it: the member waits for something, has some of it already, or is gone.
        var socket: DirectSocket?
        var discards = false
    }

    let reference: ChannelReference
    /// Of which term of ``Rooms`` it is.
    let term: Int
    /// How far the loop has come, with the delivery that is under way.
    private(set) var position: ChannelPosition
    private var members: [Membership?] = []
    /// One for each of ``members``.
    private var places: [Place] = []
    private var gaps = 0
    private var deliveries: CircularBuffer<Delivery> = []
    /// The next member of the first delivery.
    private var next = 0
    private var tally = DeliveryTally()

    /// - Parameter position: after which the first delivery comes.
    init(_ reference: ChannelReference, at position: ChannelPosition, in term: Int) {
        (self.reference, self.position, self.term) = (reference, position, term)
    }

    var isEmpty: Bool { members.count == gaps }

    func add(_ membership: Membership) {
        membership.index = members.count
        members.append(membership)
        places.append(place(of: membership))
    }

    func remove(_ membership: Membership) {
        guard isMember(membership) else { return }
        members[membership.index] = nil
        places[membership.index] = Place()
        gaps += 1
        if deliveries.isEmpty { closeGaps() }
    }

    /// Something about a member has changed that a delivery must know.
    func refresh(_ membership: Membership) {
        guard isMember(membership) else { return }
        places[membership.index] = place(of: membership)
    }

    private func isMember(_ membership: Membership) -> Bool {
        members.indices.contains(membership.index) && members[membership.index] === membership
    }

    private func place(of membership: Membership) -> Place {
        let isReady = membership.isLive && membership.floor <= passedNumber(of: membership)
        return Place(
            socket: isReady ? membership.connection.clearSocket : nil,
            discards: membership.discards
        )
    }

    /// Takes a delivery; true when none was waiting.
    ///
    /// Only the next one: others were sent to those who were here before the room was made anew.
    func enqueue(_ delivery: Delivery) -> Bool {
        guard delivery.position.eventSeq == (deliveries.last?.position ?? position).eventSeq + 1 else { return false }
        deliveries.append(delivery)
        guard deliveries.count == 1 else { return false }
        position = delivery.position
        return true
    }

    var hasDeliveries: Bool { !deliveries.isEmpty }

    /// The number up to which deliveries have passed a member.
    func passedNumber(of membership: Membership) -> Int64 {
        deliveries.isEmpty || membership.index < next ? position.eventSeq : position.eventSeq - 1
    }

    /// What a slice came to.
    struct Step {
        /// Places that were looked at.
        let visited: Int
        /// The delivery that everybody has now, and to how many it went; nil when there is more to do.
        let done: (Delivery, DeliveryTally)?
    }

    /// Delivers to the next members, at most so many.
    func deliver(to count: Int) -> Step {
        guard let delivery = deliveries.first else { return Step(visited: 0, done: nil) }
        let end = min(members.count, next + count)
        let visited = end - next
        send(delivery, upTo: end)
        next = end
        guard next >= members.count else { return Step(visited: visited, done: nil) }
        let done = (delivery, tally)
        deliveries.removeFirst()
        (next, tally) = (0, DeliveryTally())
        if let following = deliveries.first { position = following.position }
        closeGaps()
        return Step(visited: visited, done: done)
    }

    private func send(_ delivery: Delivery, upTo end: Int) {
        guard let frame = delivery.frame, let kind = delivery.kind else { return }
        guard kind != .deleted else {
            // The last thing that is ever said of the channel: to everybody, behind or not.
            for index in next..<end { _ = members[index]?.connection.sendAlways(frame) }
            return
        }
        frame.withUnsafeReadableBytes { bytes in
            for index in next..<end {
                // A copy: to send may change the places.
                let place = places[index]
                guard let socket = place.socket else {
                    if let member = members[index] { send(delivery, kind, frame, to: member) }
                    continue
                }
                guard !(kind.concernsMessages && place.discards) else { continue }
                tally.online += 1
                let sent = socket.send(bytes)
                if sent == bytes.count {
                    tally.written += 1
                } else if let member = members[index] {
                    count(member.connection.finish(frame, after: sent), of: delivery, to: member)
                }
            }
        }
    }

    /// Delivers to a member whose connection or catching up has to be asked first.
    private func send(
        _ delivery: Delivery,
        _ kind: ChannelNotification.Kind,
        _ frame: ByteBuffer,
        to member: Membership
    ) {
        let number = delivery.position.eventSeq
        guard number > (delivery.isStored ? member.floor : member.unstoredFloor),
            !(kind.concernsMessages && member.discards)
        else { return }
        tally.online += 1
        // It is brought the event when it is its turn.
        guard member.catchUp == nil else { return }
        guard !member.isLagging else {
            tally.lagging += 1
            return
        }
        count(member.connection.send(frame), of: delivery, to: member)
        // It may be that nothing stands between it and the next one any more.
        refresh(member)
    }

    private func count(_ sending: WebSocketConnection.Sending, of delivery: Delivery, to member: Membership) {
        switch sending {
        case .written: tally.written += 1
        case .queued: member.session.awaitWriting(of: delivery)
        case .refused where member.connection.isOpen:
            member.isLagging = true
            tally.lagging += 1
        // It is about to go, and has nothing to catch up with.
        case .refused: tally.online -= 1
        }
    }

    /// Everybody in it, when the channel is gone.
    var allMembers: [Membership] { members.compactMap { $0 } }

    private func closeGaps() {
        guard gaps > 0, gaps > members.count / 4 || gaps == members.count else { return }
        let staying = members.compactMap { $0 }
        for (index, member) in staying.enumerated() { member.index = index }
        members = staying
        places = staying.map(place)
        gaps = 0
    }
}

/// To how many sessions of a loop an event went.
struct DeliveryTally {
    /// Sessions that were to get it.
    var online: Int64 = 0
    /// Whose frame was written whole.
    var written: Int64 = 0
    /// Who were behind and are told so instead.
    var lagging: Int64 = 0
}
