import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// Whatever happened and wherever a client stood: after resuming it shows what it ought to, no more and no less.
@Suite struct ResumePropertyTests {
    /// A client that was away, as an SDK would do it.
    private struct Client {
        let channel: ChannelID
        let epoch: String
        var position: ChannelPosition
        /// Whether it says its `EventSeq`.
        var knowsEvents: Bool
        var shown: Set<Int64>
        var name: String?
        var isDone = false

        var said: Timeline.ClientPosition {
            Timeline.ClientPosition(
                channel: channel,
                epoch: epoch,
                messageSeq: position.messageSeq,
                eventSeq: knowsEvents ? position.eventSeq : nil
            )
        }

        /// Takes an answer over, checking what must hold of each.
        ///
        /// - Parameter recalled: the posts that were recalled when it was asked for.
        mutating func take(_ answer: ResumeAnswer, recalled: Set<Int64>) throws {
            let seen = try #require(answer.seen, "reload, where everything is there")
            let reached = try #require(answer.position)
            #expect(seen.messages == Set(seen.messages).sorted(), "in order, and none twice")
            #expect(seen.messages.allSatisfy { position.messageSeq < $0 && $0 <= reached.at.messageSeq })
            #expect(recalled.isDisjoint(with: seen.messages), "the text of what was recalled is nobody's business")
            #expect(reached.epoch.description == epoch)
            #expect(reached.at.messageSeq >= position.messageSeq)
            #expect(!knowsEvents || reached.at.eventSeq >= position.eventSeq)
            shown.formUnion(seen.messages)
            shown.subtract(seen.revoked)
            if let info = JSONValue(answer.text)["infoChanged"] { name = info["Name"]?.text }
            (position, knowsEvents, isDone) = (reached.at, true, !answer.hasMore)
        }
    }

    @Test(
        "resuming from anywhere, in answers of any length, while the channel goes on",
        arguments: StorageEngine.enabled,
        1...6
    )
    func oneChannel(engine: StorageEngine, seed: Int) async throws {
        try await engine.withInstallation { installation in
            let dice = SeededRandom(seed: UInt64(seed))
            try await installation.prepareResume()
            try await ChannelLife.prepare(installation)
            var life = ChannelLife(of: .news)
            for _ in 0..<20 { try await life.goOn(in: installation, by: dice) }
            let joined = life.head
            _ = try await installation.subscribe("bob")
            for _ in 0..<50 { try await life.goOn(in: installation, by: dice) }
            let epoch = try await installation.epoch()

            for _ in 0..<25 {
                let (user, first) = dice.number(below: 2) == 0 ? (UserID.anna, Int64(0)) : (.bob, joined)
                let count = dice.number(below: life.happenings.count + 1)
                let start = life.position(after: count)
                var client = Client(
                    channel: .news,
                    epoch: epoch,
                    position: start,
                    knowsEvents: dice.number(below: 2) == 0,
                    shown: life.shown(after: count, joinedAt: first)
                )
                let before = client.shown
                let timeline = Timeline(
                    database: installation.database,
                    generation: installation.systems.generation,
                    mostBytes: 1 + dice.number(below: 6000)
                )
                var rounds = 0
                while !client.isDone {
                    let recalled = life.recalled
                    let answer = try await installation.resume([client.said], for: user, by: timeline)[0]
                    try client.take(answer, recalled: recalled)
                    if dice.number(below: 3) == 0, rounds < 20 { try await life.goOn(in: installation, by: dice) }
                    rounds += 1
                    try #require(rounds < 500, "resuming comes to an end")
                }
                // What happened while the last answer was on its way.
                let last = try await installation.resume([client.said], for: user)[0]
                try client.take(last, recalled: life.recalled)

                let owed = life.owed(after: max(start.messageSeq, first))
                #expect(client.shown == before.subtracting(life.recalled).union(owed))
                #expect(client.position == life.position(after: life.happenings.count))
                if let name = client.name { #expect(name == life.name) }
            }
        }
    }

    @Test(
        "channels that share an answer all come to their ends, and no answer is longer than it may be",
        arguments: StorageEngine.enabled,
        [400, 2000, 50_000]
    )
    func manyChannels(engine: StorageEngine, mostBytes: Int) async throws {
        try await engine.withInstallation { installation in
            try await installation.liftBroadcastLimits()
            try await installation.importAccounts("anna")
            try await ChannelLife.prepare(installation)
            let dice = SeededRandom()
            var (lives, clients): ([ChannelLife], [Client]) = ([], [])
            for number in 0..<4 {
                let id = ChannelID("@TOA#_c\(number)")
                _ = try await installation.createChannel(.example(id: id))
                _ = try await installation.subscribe(["anna"], to: id)
                var life = ChannelLife(of: id)
                // The second one has nothing to tell.
                for _ in 0..<(number == 1 ? 0 : 15) { try await life.goOn(in: installation, by: dice) }
                lives.append(life)
                let start = ChannelPosition(0, 0)
                let epoch = try await installation.epoch(of: id)
                clients.append(Client(channel: id, epoch: epoch, position: start, knowsEvents: true, shown: []))
            }
            let timeline = Timeline(
                database: installation.database,
                generation: installation.systems.generation,
                mostBytes: mostBytes
            )

            var rounds = 0
            while clients.contains(where: { !$0.isDone }) {
                let asked = clients.indices.filter { !clients[$0].isDone }
                let positions = asked.map { clients[$0].position }
                let answers = try await installation.resume(asked.map { clients[$0].said }, by: timeline)
                var size = 0
                var largest = 0
                for (index, answer) in zip(asked, answers) {
                    try clients[index].take(answer, recalled: lives[index].recalled)
                    guard case .missing(let missing) = answer.content else { continue }
                    size += missing.size
                    largest = max(
                        largest,
                        missing.messages.map(\.parameters.count).max() ?? 0,
                        missing.size == 0 ? 0 : 900
                    )
                }
                #expect(size <= mostBytes + largest)
                #expect(zip(asked, positions).contains { clients[$0].isDone || clients[$0].position != $1 })
                rounds += 1
                try #require(rounds < 200, "resuming comes to an end")
            }

            for (life, client) in zip(lives, clients) {
                #expect(client.shown == life.owed(after: 0))
                #expect(client.position == life.position(after: life.happenings.count))
                #expect(client.name == life.name)
            }
            #expect(rounds > (mostBytes < 50_000 ? 1 : 0))
        }
    }

    @Test("a post that is longer than an answer may be comes all the same, alone", arguments: StorageEngine.enabled)
    func longPosts(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            _ = try await installation.sendMany(3)
            let timeline = Timeline(
                database: installation.database,
                generation: installation.systems.generation,
                mostBytes: 1
            )

            var pages: [[Int64]] = []
            var position: Int64 = 0
            var hasMore = true
            while hasMore, pages.count < 10 {
                let answer = try await installation.resume(from: position, position, by: timeline)
                pages.append(answer.seen?.messages ?? [])
                position = answer.position?.at.messageSeq ?? 0
                hasMore = answer.hasMore
            }

            #expect(pages == [[1], [2], [3]])
        }
    }

    @Test(
        "a channel for which an answer has no room is not read, and told to be asked for again",
        arguments: StorageEngine.enabled
    )
    func noRoom(engine: StorageEngine) async throws {
        try await engine.withInstallation { installation in
            try await installation.prepareResume()
            let other = ChannelID("@TOA#_other")
            _ = try await installation.createChannel(.example(id: other))
            _ = try await installation.subscribe(["anna"], to: other)
            _ = try await installation.send(.example())
            _ = try await installation.send(.example(to: other))
            let timeline = Timeline(
                database: installation.database,
                generation: installation.systems.generation,
                mostBytes: 10
            )
            let epochs = (try await installation.epoch(), try await installation.epoch(of: other))
            func said(_ id: ChannelID, _ epoch: String, _ seq: Int64) -> Timeline.ClientPosition {
                Timeline.ClientPosition(channel: id, epoch: epoch, messageSeq: seq, eventSeq: seq)
            }

            let both = try await installation.resume(
                [said(.news, epochs.0, 0), said(other, epochs.1, 0)],
                by: timeline
            )
            let caughtUp = try await installation.resume(
                [said(.news, epochs.0, 0), said(other, epochs.1, 1)],
                by: timeline
            )

            #expect(both[1].text == #"{"messages":[],"more":true,"Epoch":"\#(epochs.1)","MsgSeq":0,"EventSeq":0}"#)
            #expect(caughtUp[1].text == #"{"messages":[],"Epoch":"\#(epochs.1)","MsgSeq":1,"EventSeq":1}"#)
        }
    }
}
