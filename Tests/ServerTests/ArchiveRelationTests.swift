import Chat
import ChatProtocol
import Database
import FoundationEssentials
import RostrumTesting
import Server
import Testing

/// Files whose lines are each well formed, and do not fit together as those of an application do.
@Suite struct ArchiveRelationTests {
    /// The lines of ``ExportedApplication``: where its channel with broadcasts is, its first subscription, and of its
    /// broadcasts the first, the one that was recalled and the last.
    private static let (anna, channel, subscription, first, recalled, last) = (4, 9, 10, 14, 15, 20)
    private static let mostCounted: Int64 = 1 << 48

    static let changes: [(name: String, change: ArchiveFileTests.Change, said: String)] = [
        number("EventSeq", .max, in: channel, "line 10: EventSeq is a number; it must be a whole number from 0 to"),
        number("EventSeq", mostCounted + 1, in: channel, "line 10: EventSeq is a number"),
        number("SubscriptionHead", .max, in: channel, "line 10: SubscriptionHead is a number"),
        number("StoredBroadcasts", .max, in: channel, "line 10: StoredBroadcasts is a number"),
        number("LastMessageAt", .max, in: channel, "line 10: LastMessageAt is a number"),
        number("CreatedAt", .max, in: channel, "line 10: CreatedAt is a number"),
        number("CreatedAt", .min, in: 1, "line 2: CreatedAt is a number"),
        number("LastSentAt", .max, in: subscription, "line 11: LastSentAt is a number"),
        number("StoredBroadcasts", 5, in: channel, "stored broadcasts and says 5"),
        number("EventSeq", 7, in: channel, "beyond the channel's EventSeq 7"),
        number("ProfileEventSeq", 1000, in: channel, "line 10: ProfileEventSeq is 1000, beyond the channel's EventSeq"),
        number("SubscriptionHead", 0, in: channel, "line 11: Position is "),
        number("JoinedSeq", 8, in: subscription, "line 11: JoinedSeq is 8, beyond the channel's HeadSeq 7"),
        number("ReadSeq", 8, in: subscription, "line 11: ReadSeq is 8, beyond the channel's HeadSeq 7"),
        number("Version", 1000, in: subscription, "line 11: Version is 1000, beyond the channel's SubscriptionHead"),
        number("EventSeq", 1000, in: last, "line 21: EventSeq is 1000, beyond the channel's EventSeq"),
        number("EventSeq", 1, in: recalled, "line 16: EventSeq is 1, and the one before it had 1 already"),
        number("RecallEventSeq", 1000, in: recalled, "line 16: RecallEventSeq is 1000, beyond the channel's EventSeq"),
        number("RecallEventSeq", 2, in: recalled, "line 16: RecallEventSeq is 2, and it was sent by the event 2"),
        number("StoredBefore", 1, in: first, "line 15: StoredBefore must be 0"),
        number("Subscribers", 3, in: channel, "has more subscriptions than its line says"),
        (
            "a recall without its moment",
            { lines in
                let parts = lines[recalled].split(separator: "\"RecalledAt\":", maxSplits: 1)
                lines[recalled] = "\(parts[0])\(parts[1].drop(while: \.isNumber).dropFirst())"
            },
            "line 16: RecalledAt and RecallEventSeq"
        ),
        ("a subscriber without an account", { $0.remove(at: anna) }, "line 10: its UserID has no line of an Account"),
        (
            "a body that is an object",
            { $0[first] = $0[first].replacing("\"MsgBody\":", with: "\"MsgBody\":{},\"X\":") },
            "line 15: MsgBody is an object; it must be an array of at least one object"
        ),
        (
            "an empty body", { $0[first] = $0[first].replacing("\"MsgBody\":", with: "\"MsgBody\":[],\"X\":") },
            "line 15: MsgBody is an array"
        ),
        (
            "a body of numbers", { $0[first] = $0[first].replacing("\"MsgBody\":[", with: "\"MsgBody\":[1,") },
            "line 15: MsgBody is an array"
        ),
        (
            "push information that is an array",
            { $0[last] = $0[last].replacing("\"OfflinePushInfo\":", with: "\"OfflinePushInfo\":[],\"X\":") },
            "line 21: OfflinePushInfo is an array"
        ),
    ]

    /// Another number in a line.
    private static func number(
        _ member: String,
        _ number: Int64,
        in line: Int,
        _ said: String
    ) -> (name: String, change: ArchiveFileTests.Change, said: String) {
        ("\(member) \(number)", { set(member, number, in: &$0[line]) }, said)
    }

    private static func set(_ member: String, _ number: Int64, in line: inout String) {
        let parts = line.split(separator: "\"\(member)\":", maxSplits: 1)
        guard parts.count == 2 else { return }
        line = "\(parts[0])\"\(member)\":\(number)\(parts[1].drop { $0.isNumber || $0 == "-" })"
    }

    @Test("what does not fit together is refused with the number of the line", arguments: changes.indices)
    func refused(number: Int) async throws {
        let (name, change, said) = Self.changes[number]
        try await ExportedApplication.with(.sqlite) { exported in
            try await exported.export("good")
            var lines = exported.lines("good")
            change(&lines)
            try #require(lines != exported.lines("good"), "\(name)")
            try exported.write("bad", lines)

            let refusal = await #expect(throws: StartError.self) {
                _ = try await ArchiveImport.judged(exported.file("bad"))
            }

            #expect(refusal?.description.contains(said) == true, "\(name): \(refusal?.description ?? "it was taken")")
        }
    }

    @Test("an application whose counters are as high as a file may have them goes on", arguments: StorageEngine.enabled)
    func highest(engine: StorageEngine) async throws {
        try await ExportedApplication.with(engine) { exported in
            try await exported.export("file")
            var lines = exported.lines("file")
            for member in ["EventSeq", "SubscriptionHead"] {
                Self.set(member, Self.mostCounted, in: &lines[Self.channel])
            }
            try exported.write("high", lines)
            try await withOpenedStorage(on: engine) { _, other in
                try await exported.import("high", into: other)
                let installation = TestInstallation(database: other.database)
                let body = try MessageBody([
                    .object(["MsgType": .string("TIMTextElem"), "MsgContent": .object(["Text": .string("t")])])
                ])
                for random in [Int64(71), 72] {
                    installation.clock.advance(seconds: 3600)
                    let new = NewBroadcast(channel: .news, random: random, body: body)
                    _ = try await installation.broadcasts.send(new, for: installation.call())
                }
                _ = try await installation.subscribers.remove(["anna"], from: .news, for: installation.call())
                _ = try await installation.subscribers.add(["anna"], to: .news, for: installation.call())

                let row = try await other.database.read { tx throws(ChatError) in
                    try tx.row(
                        "SELECT event_seq, subscription_head, head_seq FROM channels WHERE id = \(ChannelID.news)"
                    )?.values
                }
                #expect(
                    row == [.integer(Self.mostCounted + 2), .integer(Self.mostCounted + 2), .integer(9)],
                    "\(String(describing: row))"
                )
            }
        }
    }

    @Test("a file that is cut off while it is imported leaves the application off", arguments: StorageEngine.enabled)
    func cutMeanwhile(engine: StorageEngine) async throws {
        try await ExportedApplication.with(engine) { exported in
            try await exported.export("file")
            let whole = exported.contents("file")
            let lines = exported.lines("file")
            let end = (lines.last?.utf8.count ?? 0) + 1
            let archive = try await ArchiveImport.judged(exported.file("file"))
            try whole.dropLast(end).write(to: URL(filePath: exported.file("file")))
            try await withOpenedStorage(on: engine) { _, other in
                let refusal = await #expect(throws: StartError.self) {
                    _ = try await archive.write(into: other, by: exported.installation.operation())
                }

                #expect(refusal?.description.contains("it is not whole") == true, "\(refusal?.description ?? "")")
                #expect(try await !TestInstallation(database: other.database).application().isEnabled)
                try whole.write(to: URL(filePath: exported.file("file")))
                try await exported.import("file", into: other)
                #expect(try await TestInstallation(database: other.database).application().isEnabled)
            }
        }
    }
}
