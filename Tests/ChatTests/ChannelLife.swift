import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// A channel that lives at random, and what of it a subscriber ought to have on his screen.
struct ChannelLife {
    enum Happening {
        case stored(Int64)
        case onlineOnly(Int64)
        case dropped(Int64)
        case recalled(Int64)
        case renamed(String)
    }

    let id: ChannelID
    /// In the order of `EventSeq`, from 1.
    private(set) var happenings: [Happening] = []
    private(set) var head: Int64 = 0
    /// The keys of posts that may yet be recalled.
    private var recallable: [Int64: String] = [:]
    private(set) var recalled: Set<Int64> = []

    init(of id: ChannelID) {
        self.id = id
    }

    /// Lets posts be dropped by their text; call once.
    static func prepare(_ installation: TestInstallation) async throws {
        try await installation.setWebhooks([.beforeSend])
        installation.backend.answer { post in
            post.body["MsgBody"]?[0]?["MsgContent"]?["Text"]?.text == "dropped" ? .verdict(2) : nil
        }
    }

    /// One thing happens: mostly a post, of any length.
    mutating func goOn(in installation: TestInstallation, by dice: SeededRandom) async throws {
        switch dice.number(below: 12) {
        case 0...5:
            head += 1
            let text = String(repeating: "x", count: dice.number(below: 400))
            recallable[head] = try await send(text, in: installation).rawValue
            happenings.append(.stored(head))
        case 6:
            head += 1
            _ = try await send("online", in: installation, isOnlineOnly: true)
            happenings.append(.onlineOnly(head))
        case 7:
            head += 1
            _ = try await send("dropped", in: installation)
            happenings.append(.dropped(head))
        case 8:
            let name = "Name \(happenings.count)"
            try await installation.channels.modify(id, .example(name: name), for: installation.call())
            happenings.append(.renamed(name))
        default:
            let seqs = recallable.keys.sorted()
            guard !seqs.isEmpty else { return }
            let seq = seqs[dice.number(below: seqs.count)]
            let key = recallable.removeValue(forKey: seq) ?? ""
            let codes = try await installation.recall(key, in: id)
            #expect(codes == [.ok])
            recalled.insert(seq)
            happenings.append(.recalled(seq))
        }
    }

    private func send(
        _ text: String,
        in installation: TestInstallation,
        isOnlineOnly: Bool = false
    ) async throws -> MessageKey {
        // The number keeps the same text from being the same post.
        var new = NewBroadcast.example(text, to: id, random: Int64(happenings.count))
        new.isOnlineOnly = isOnlineOnly
        let key = try await installation.send(new)
        #expect(key.seq == head)
        return key
    }

    /// Where the channel stood after so many happenings.
    func position(after count: Int) -> ChannelPosition {
        let posts = happenings.prefix(count).count { happening in
            switch happening {
            case .stored, .onlineOnly, .dropped: true
            case .recalled, .renamed: false
            }
        }
        return ChannelPosition(Int64(posts), Int64(count))
    }

    /// What a subscriber has on his screen who was there for the first happenings, from the first post or a later one.
    func shown(after count: Int, joinedAt joined: Int64 = 0) -> Set<Int64> {
        happenings.prefix(count).reduce(into: []) { shown, happening in
            switch happening {
            case .stored(let seq), .onlineOnly(let seq): if seq > joined { shown.insert(seq) }
            case .recalled(let seq): shown.remove(seq)
            case .dropped, .renamed: break
            }
        }
    }

    /// The stored posts after a number that are not recalled.
    func owed(after seq: Int64) -> Set<Int64> {
        happenings.reduce(into: []) { owed, happening in
            if case .stored(let number) = happening, number > seq, !recalled.contains(number) { owed.insert(number) }
        }
    }

    var name: String? {
        happenings.reduce(nil) { name, happening in
            if case .renamed(let new) = happening { new } else { name }
        }
    }
}
