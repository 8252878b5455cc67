import ChatProtocol
import EventBus
import NIOCore
import WebSockets

/// The members of a room on one event loop, and what is being delivered to them; used on that loop only.
///
/// A delivery goes in slices, so that a room of many thousands does not keep the loop from everything else. Members may
/// come and go between two slices: whoever leaves leaves a gap, whoever comes has its ``Membership/floor``.
final class LoopRoom {
    let reference: ChannelReference
    /// How far the loop has come, with the delivery that is under way.
    private(set) var position = ChannelPosition(messageSeq: 0, eventSeq: 0)
    private var members: [Membership?] = []
    private var gaps = 0
    private var deliveries: CircularBuffer<Delivery> = []
    /// The next member of the first delivery.
    private var next = 0
    private var tally = DeliveryTally()

    init(_ reference: ChannelReference) {
        self.reference = reference
    }

    var isEmpty: Bool { members.count == gaps }

    func add(_ membership: Membership) {
        membership.index = members.count
        members.append(membership)
    }

    func remove(_ membership: Membership) {
        guard members.indices.contains(membership.index), members[membership.index] === membership else { return }
        members[membership.index] = nil
        gaps += 1
        if deliveries.isEmpty { closeGaps() }
    }

    /// Takes a delivery; true when none was waiting.
    func enqueue(_ delivery: Delivery) -> Bool {
        deliveries.append(delivery)
        guard deliveries.count == 1 else { return false }
        position = delivery.position
        return true
    }

    var hasDeliveries: Bool { !deliveries.isEmpty }

    /// The number up to which every member was sent what was its.
    var deliveredNumber: Int64 { position.eventSeq - (deliveries.isEmpty ? 0 : 1) }

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
        if let following = deliveries.first {
            position = following.position
        } else {
            closeGaps()
        }
        return Step(visited: visited, done: done)
    }

    private func send(_ delivery: Delivery, upTo end: Int) {
        guard let frame = delivery.frame, let kind = delivery.kind else { return }
        guard kind != .deleted else {
            // The last thing that is ever said of the channel: to everybody, behind or not.
            for index in next..<end { _ = members[index]?.connection.sendAlways(frame) }
            return
        }
        let number = delivery.position.eventSeq
        let concernsMessages = kind.concernsMessages
        for index in next..<end {
            guard let member = members[index], number > member.floor, !(concernsMessages && member.discards) else {
                continue
            }
            tally.online += 1
            // It is brought the event when it is its turn.
            guard member.catchUp == nil else { continue }
            guard !member.isLagging else {
                tally.lagging += 1
                continue
            }
            switch member.connection.send(frame) {
            case .written: tally.written += 1
            case .queued: member.session.awaitWriting(of: delivery)
            case .refused where member.connection.isOpen:
                member.isLagging = true
                tally.lagging += 1
            // It is about to go, and has nothing to catch up with.
            case .refused: tally.online -= 1
            }
        }
    }

    /// Everybody in it, when the channel is gone.
    var allMembers: [Membership] { members.compactMap { $0 } }

    private func closeGaps() {
        guard gaps > 0, gaps > members.count / 4 || gaps == members.count else { return }
        members = members.filter { $0 != nil }
        for (index, member) in members.enumerated() { member?.index = index }
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
