import ChatProtocol
import EventBus
import EventBusNATS
import RostrumTesting
import Testing

/// How events look between nodes, which may be of adjacent versions.
@Suite struct FrameTests {
    private func event(_ bytes: [UInt8]) -> Event? { ReadFrame(bytes).flatMap(Event.init) }

    private func publisher(limit: Int = 1 << 20) -> (Event) -> [Publication]? {
        let publisher = Publisher(subjects: Subjects(installation: "test"), node: "n1")
        return { publisher.publications(of: $0, limit: limit) }
    }

    @Test("every event comes out as it went in", arguments: SampleEvents.topical + SampleEvents.general)
    func roundTrip(sample: Event) throws {
        let publications = try #require(publisher()(sample))

        #expect(publications.count == 1)
        #expect(publications.first.flatMap { event($0.payload) } == sample)
    }

    @Test("fields that a later version adds are passed over", arguments: SampleEvents.topical + SampleEvents.general)
    func unknownFields(sample: Event) throws {
        let bytes = try #require(publisher()(sample)?.first?.payload)

        #expect(event(bytes + [250, 3, 1, 2, 3]) == sample)
        #expect(event(bytes[..<2] + [251, 0] + bytes[2...]) == sample)
    }

    @Test("a kind that a later version adds is none of the events, and another format no frame")
    func unknownKinds() {
        var bytes = Frame(.outboxFilled, from: "n1").bytes
        bytes[1] = 200
        #expect(ReadFrame(bytes)?.kind == nil)
        #expect(ReadFrame(bytes)?.text(.origin) == "n1")
        #expect(event(bytes) == nil)
        bytes[0] = 2
        #expect(ReadFrame(bytes) == nil)
    }

    @Test(
        "an event of which something is missing is none",
        arguments: [
            Frame.Kind.applicationChanged, .applicationEmptied, .accountKicked, .accountsDeleted, .outboxFilled,
            .channel,
            .channelMoved, .subscriptions, .sessions, .storageChanged,
        ]
    )
    func missingFields(kind: Frame.Kind) {
        var frame = Frame(kind, from: "n1")
        #expect(event(frame.bytes) == nil)
        frame.add(.application, Int64(0))
        frame.add(.user, "anna")
        #expect(event(frame.bytes) == nil)
    }

    @Test("a change of subscriptions without its number is none: it cannot be told from an older one")
    func missingVersion() throws {
        let change = SubscriptionEvent(SampleEvents.reference, [UserID("anna")], .unsubscribed, version: 7, lineage: 0)
        let bytes = try #require(publisher()(.subscriptions(change))?.first?.payload)
        let field = Array(bytes.indices).first { bytes[$0...].starts(with: [24, 8, 0, 0, 0, 0, 0, 0, 0, 7]) }
        let start = try #require(field)

        #expect(event(Array(bytes[..<start] + bytes[(start + 10)...])) == nil)
        #expect(event(bytes) == .subscriptions(change))
    }

    @Test("a notification that only a later version knows says at least how far the channel is")
    func unknownNotification() {
        let position = ChannelPosition(messageSeq: 1, eventSeq: 2)
        let known = TimelineEvent(
            SampleEvents.reference,
            position,
            ChannelNotification(.deleted, [1]),
            committedAt: 3,
            lineage: 5
        )
        let name = Array("onOfficialAccountDeleted".utf8)
        var bytes = Frame(.channel(known), from: "n1").bytes
        let start = bytes.indices.first { bytes[$0...].starts(with: name) }
        guard let start else { return #expect(Bool(false), "the method is in the frame") }
        bytes[start] = UInt8(ascii: "x")

        #expect(event(bytes) == .channelMoved(SampleEvents.reference, position, lineage: 5))
    }

    /// Frames whose numbers would overflow where somebody reckons with them.
    private static let outrageous: [Frame] = [Int64.max, .min, -1, 1 << 62 + 1].flatMap { number in
        let position = ChannelPosition(messageSeq: 1, eventSeq: number)
        let message = ChannelNotification(.message, [])
        let sessions = [UserSessions.Session(instance: 1, openedAt: 2)]
        let round = UserSessions.Round(application: .example, user: UserID("anna"), number: 1, newest: 1, limit: number)
        var subscribed = Frame(
            .subscriptions(
                SubscriptionEvent(
                    SampleEvents.reference,
                    [],
                    .subscribed(position, parameters: []),
                    version: 1,
                    lineage: 0
                )
            ),
            from: "n1"
        )
        subscribed.add(.user, "anna")
        return [
            Frame(.channelMoved(SampleEvents.reference, position, lineage: 0), from: "n1"),
            Frame(
                .channel(TimelineEvent(SampleEvents.reference, position, message, committedAt: 1, lineage: 0)),
                from: "n1"
            ),
            Frame(
                .channel(
                    TimelineEvent(
                        SampleEvents.reference,
                        SampleEvents.position,
                        message,
                        committedAt: number,
                        lineage: 0
                    )
                ),
                from: "n1"
            ),
            subscribed,
            Frame(.sessions(UserSessions(round, isQuestion: true, node: 1, sessions: sessions)), from: "n1"),
        ]
    }

    @Test("numbers that nobody could reckon with make no event")
    func outrageousNumbers() throws {
        for frame in Self.outrageous { #expect(event(frame.bytes) == nil, "\(frame.bytes)") }
        let late = SampleEvents.sessions(newest: nil, isQuestion: true, [(1, .max), (2, -1), (3, 5)])
        guard case .sessions(let read)? = event(Frame(.sessions(late), from: "n1").bytes) else {
            return #expect(Bool(false), "the others of its sessions are good")
        }
        #expect(read.sessions.map(\.instance) == [3])
    }

    @Test("an event of a history that there cannot be is none", arguments: [-1, 0, 1 << 32, .max] as [Int64])
    func impossibleLineage(number: Int64) {
        let position = ChannelPosition(messageSeq: 1, eventSeq: 1)
        let moved = Frame(.channelMoved(SampleEvents.reference, position, lineage: 0), from: "n1")
        let post = TimelineEvent(SampleEvents.reference, position, nil, committedAt: 1, lineage: 0)
        let channel = Frame(.channel(post), from: "n1")
        let change = SubscriptionEvent(SampleEvents.reference, [], .unsubscribed, version: 1, lineage: 0)
        var subscriptions = Frame(.subscriptions(change), from: "n1")
        subscriptions.add(.user, "anna")
        let anna = UserID("anna")
        let endings: [Event] = [
            .accountKicked(.example, anna, lineage: 0), .accountsDeleted(.example, [anna], lineage: 0),
            .applicationEmptied(.example, lineage: 0),
        ]
        for frame in [moved, channel, subscriptions] + endings.map({ Frame($0, from: "n1") }) {
            #expect(event(frame.bytes) != nil)
            var impossible = frame
            impossible.add(.lineage, number)
            #expect(event(impossible.bytes) == nil)
        }
    }

    @Test("kicks and deletions of a version that says no history are of none")
    func earlierVersion() {
        var kick = Frame(.accountKicked, from: "n1")
        var deletion = Frame(.accountsDeleted, from: "n1")
        var emptying = Frame(.applicationEmptied, from: "n1")
        emptying.add(.application, SDKAppID.example.rawValue)
        kick.add(.application, SDKAppID.example.rawValue)
        kick.add(.user, "anna")
        deletion.add(.application, SDKAppID.example.rawValue)
        for user in ["anna", "boris"] { deletion.add(.user, user) }

        #expect(event(kick.bytes) == .accountKicked(.example, UserID("anna"), lineage: 0))
        #expect(event(deletion.bytes) == .accountsDeleted(.example, [UserID("anna"), UserID("boris")], lineage: 0))
        #expect(event(emptying.bytes) == .applicationEmptied(.example, lineage: 0))
    }

    @Test("whatever bytes come are read or refused, and never more", arguments: 1...200)
    func anyBytes(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let samples = SampleEvents.topical.filter { !"\($0)".contains("100000") } + SampleEvents.general
        let sample = samples[Int.random(in: 0..<samples.count, using: &random)]
        let whole = try #require(publisher()(sample)?.first?.payload)
        var bytes = Array(whole.prefix(2000))
        for _ in 0..<20 {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            bytes[index] = UInt8.random(in: 0...255, using: &random)
            _ = event(bytes)
            _ = event(Array(bytes.prefix(index)))
        }
        _ = event((0..<64).map { _ in UInt8.random(in: 0...255, using: &random) })
        #expect(event(Array(whole.dropLast())) == nil || whole.last == 0)
    }

    @Test("a post that is too large for the bus goes as a hint, and anything else that is does not go")
    func tooLarge() throws {
        let limited = publisher(limit: 4096)
        let hint = try #require(limited(SampleEvents.post(8, size: 5000)))

        #expect(hint.count == 1)
        #expect(
            hint.first.flatMap { event($0.payload) }
                == .channelMoved(SampleEvents.reference, ChannelPosition(messageSeq: 8, eventSeq: 8), lineage: 2)
        )
        #expect(hint.first?.subject == limited(SampleEvents.post(8))?.first?.subject)
        let large = SubscriptionEvent(
            SampleEvents.reference,
            [UserID("anna")],
            .subscribed(SampleEvents.position, parameters: Array(repeating: 1, count: 5000)),
            version: 1,
            lineage: 0
        )
        #expect(limited(.subscriptions(large)) == nil)
    }

    @Test("a few users are told each on his own subject, and only of himself; many together on that of every node")
    func severalUsers() throws {
        let users = (1...Publisher.mostUserSubjects).map { UserID("user\($0)") }
        let subjects = Subjects(installation: "test")
        let few = try #require(
            publisher()(
                .subscriptions(SubscriptionEvent(SampleEvents.reference, users, .unsubscribed, version: 7, lineage: 0))
            )
        )

        #expect(few.map(\.subject) == users.map { subjects.of(.user(.example, $0)) })
        for (publication, user) in zip(few, users) {
            let own = SubscriptionEvent(SampleEvents.reference, [user], .unsubscribed, version: 7, lineage: 0)
            #expect(event(publication.payload) == .subscriptions(own))
        }
        let all = SubscriptionEvent(
            SampleEvents.reference,
            users + [UserID("anna")],
            .unsubscribed,
            version: 7,
            lineage: 0
        )
        #expect(publisher()(.subscriptions(all))?.map(\.subject) == [subjects.all])
    }

    @Test("names of any characters make subjects that are apart and hold no more than NATS allows")
    func subjects() {
        let subjects = Subjects(installation: "i1")
        let names = ["@TOA#_a", "@TOA#_a.b", "@TOA#_a b", "@TOA#_>", "@TOA#_*", "@TOA#_\"~", "@TOA#_ab", "@TOA#_abc"]
        let made = names.map { subjects.of(.channel(.example, ChannelID($0))) }

        #expect(Set(made).count == names.count)
        for subject in made {
            let tokens = subject.split(separator: ".", omittingEmptySubsequences: false)
            #expect(tokens.count == 5)
            #expect(
                tokens.allSatisfy { !$0.isEmpty && $0.allSatisfy { $0.isLetter || $0.isNumber || "-_".contains($0) } }
            )
        }
        #expect(subjects.of(.channel(.example, ChannelID("@TOA#_>"))) == "rostrum.i1.channel.1400000001.QFRPQSNfPg")
        #expect(subjects.of(.user(.other, UserID("a"))) == "rostrum.i1.user.1400000002.YQ")
    }
}
