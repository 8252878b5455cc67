import ChatProtocol
import EventBus
import NIOCore
import WebSockets

/// The members of a room on one event loop, and what is being delivered to them; used on that loop only.
///
/// A delivery goes in slices, so that a room of many thousands does not keep the loop from everything else. Members may
/// come and go between two slices: whoever leaves leaves a gap, whoever comes has its ``Membership/floor``.
final class LoopRoom {
    /// Frames that are sent before others have their turn: some 2 ms.
    static let slice = 200

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

    /// Takes a delivery; true when none was under way.
    func enqueue(_ delivery: Delivery) -> Bool {
        deliveries.append(delivery)
        guard deliveries.count == 1 else { return false }
        position = delivery.position
        return true
    }

    /// What a slice came to.
    enum Step {
        /// There is more to do.
        case more
        /// A delivery is done; there may be another.
        case done(Delivery, DeliveryTally)
        case idle
    }

    /// Delivers to the next members.
    func deliverSlice() -> Step {
        guard let delivery = deliveries.first else { return .idle }
        let end = min(members.count, next + Self.slice)
        if delivery.kind == .deleted, let frame = delivery.frame {
            // The last thing that is ever said of the channel: to everybody, behind or not.
            for member in members[next..<end] { _ = member?.connection.sendAlways(frame) }
        } else if let frame = delivery.frame, let kind = delivery.kind {
            let number = delivery.position.eventSeq
            let concernsMessages = kind.concernsMessages
            for index in next..<end {
                guard let member = members[index], number > member.floor, !member.isHeld,
                    !(concernsMessages && member.discards)
                else { continue }
                tally.online += 1
                guard !member.isLagging else {
                    tally.lagging += 1
                    continue
                }
                switch member.connection.send(frame) {
                case .written: tally.written += 1
                case .queued: member.session.awaitWriting(of: delivery)
                case .refused:
                    member.isLagging = true
                    tally.lagging += 1
                }
            }
        }
        next = end
        guard next >= members.count else { return .more }
        let done = (delivery, tally)
        deliveries.removeFirst()
        (next, tally) = (0, DeliveryTally())
        if let following = deliveries.first {
            position = following.position
        } else {
            closeGaps()
        }
        return .done(done.0, done.1)
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
