import ChatProtocol
import EventBus
import EventBusNATS

extension Entry {
    /// What a node hears on the bus, where others may speak too.
    static let busFrame = Entry("bus-frame") { bytes throws(Objection) in
        guard let event = ReadFrame(bytes).flatMap({ Event($0) }) else { return }
        let frame = event.frame
        let again = try demand(ReadFrame(frame.bytes).flatMap { Event($0) }, "\(event) cannot be told")
        try demand(again.frame == frame, "\(event) is heard as \(again)")
    }
}

extension Event {
    /// As another node is told it, with the users that otherwise stand in the subject.
    fileprivate var frame: Frame {
        var frame = Frame(self, from: "n")
        if case .subscriptions(let event) = self {
            for user in event.users { frame.add(.user, user.rawValue) }
        }
        return frame
    }
}
