import AdminAPI
import Chat
import ChatProtocol
import RostrumTesting
import Testing

/// The family's twelve commands against a plain model of them: whatever was done before, both answer the same.
@Suite("The channel commands and their model")
struct ModelTests {
    private static let firstSeed: UInt64 = 2226
    private static let sequences: UInt64 = 200
    private static let steps = 40

    /// What the calls must have met for the test to be worth anything: codes, and values of fields.
    private static let sights: Set = [
        "0", "6017", "10004", "10010", "10023", "20001", "60015", "70107", "80002", "130004", "130006", "130007",
        "130008", "130010", "131003", "Result 0", "Result 1", "Result 2", "RetCode 0", "RetCode 10030", "IsFinished 0",
        "IsFinished 1", "IsFinished 2", "IsPlaceMsg 0", "IsPlaceMsg 1", "IsPlaceMsg 2", "CompleteFlag 0",
        "CompleteFlag 1", "ErrorCode 130004", "a second page", "a repeated broadcast", "a generated ID",
    ]

    @Test("random calls are answered as the specification says")
    func randomCalls() async throws {
        let seen = try await withThrowingTaskGroup(of: Set<String>.self) { group in
            for part in 0..<4 as Range<UInt64> {
                group.addTask {
                    var seen: Set<String> = []
                    for number in stride(from: part, to: Self.sequences, by: 4) {
                        let seed = Self.firstSeed + number
                        guard try await run(seed: seed, prefersBroadcasts: number % 5 == 0, &seen) else { break }
                    }
                    return seen
                }
            }
            return try await group.reduce(into: Set()) { $0.formUnion($1) }
        }

        #expect(Self.sights.subtracting(seen) == [])
    }

    /// - Returns: whether all answers agreed.
    private func run(seed: UInt64, prefersBroadcasts: Bool, _ seen: inout Set<String>) async throws -> Bool {
        // Where broadcasts are many they are not limited, or there would not be.
        let perSecond: Int64 = prefersBroadcasts ? 0 : 1
        let overrides: [Limits.Name: Int64] = [
            .callsPerSecond: 0, .channels: Int64(ChannelModel.channelQuota),
            .defaultMaxSubscribers: ChannelModel.defaultMaxSubscribers,
            .largestMaxSubscribers: ChannelModel.largestMaxSubscribers,
            .messageBytes: Int64(ChannelModel.messageBytes), .broadcastsPerSecond: perSecond,
            .broadcastsPerHour: 2 * perSecond,
        ]
        return try await StorageEngine.sqlite.withAPI(overrides: overrides) { api in
            let installation = api.installation
            let accounts = ModelWalk.accounts.dropFirst().map { NewAccount(id: UserID($0)) }
            _ = try await installation.accounts.importAll(accounts, for: try await installation.call())
            var model = ChannelModel(
                now: installation.clock.now.milliseconds,
                accounts: Set(ModelWalk.accounts),
                broadcastLimits: prefersBroadcasts ? [] : [(1, 1000), (2, 3_600_000)]
            )
            var walk = ModelWalk(seed: seed, prefersBroadcasts: prefersBroadcasts)
            var history: [String] = []
            var keys: Set<String> = []
            for number in 0..<(prefersBroadcasts ? 2 * Self.steps : Self.steps) {
                let step = walk.step(model)
                installation.clock.advance(milliseconds: step.pause)
                model.now = installation.clock.now.milliseconds
                // What is swept away is what nobody sees.
                if number % 20 == 19 { try await installation.systems.sweep.run() }
                var body: [UInt8] = []
                step.body.write(to: &body)
                let reply = try await api.call(step.command, sending: .complete(body))
                let expected = step.fault.map { .refused($0) } ?? model.answer(step.command, step.body.object ?? [:])
                note(reply, to: step, &keys, &seen)
                let given = understand(reply, to: step, &model, &walk)
                history.append("+\(step.pause) ms \(step.command) \(shortened(String(decoding: body, as: UTF8.self)))")
                if text(of: expected) == text(of: given) { continue }
                Issue.record(
                    """
                    seed \(seed), step \(number):
                    \(history.suffix(15).joined(separator: "\n"))
                    the specification: \(text(of: expected))
                    the server:        \(text(of: given)) \(reply.info)
                    """
                )
                return false
            }
            return true
        }
    }

    /// Notes what the answer has of ``sights``.
    private func note(
        _ reply: TestAPI.Reply,
        to step: ModelWalk.Step,
        _ keys: inout Set<String>,
        _ seen: inout Set<String>
    ) {
        seen.insert("\(reply.code.rawValue)")
        guard reply.code == .ok else { return }
        note(.object(reply.payload), &seen)
        if let next = step.body["Next"]?.text, !next.isEmpty { seen.insert("a second page") }
        if let id = reply["OfficialAccountUserID"]?.text, id.hasPrefix("@TOA#_@TOA#") { seen.insert("a generated ID") }
        if let key = reply["MsgKey"]?.text, !keys.insert((step.body["Official_Account"]?.text ?? "") + key).inserted {
            seen.insert("a repeated broadcast")
        }
    }

    private func note(_ value: JSONValue, _ seen: inout Set<String>) {
        for item in value.items { note(item, &seen) }
        for member in value.object?.members ?? [] {
            if let number = member.value.integer { seen.insert("\(member.name) \(number)") }
            note(member.value, &seen)
        }
    }

    /// The reply with what only the server can know replaced by its name, which the model and the walk learn.
    private func understand(
        _ reply: TestAPI.Reply,
        to step: ModelWalk.Step,
        _ model: inout ChannelModel,
        _ walk: inout ModelWalk
    ) -> ChannelModel.Answer {
        guard reply.code == .ok else { return .refused(reply.code.rawValue) }
        if let key = reply["MsgKey"]?.text { walk.remember(key: key) }
        let members = reply.payload.members.map { member in
            switch (member.name, member.value) {
            case ("OfficialAccountUserID", .string(let id)) where id.hasPrefix("@TOA#_@TOA#"):
                #expect(id.utf8.count <= 48 && model.channels[id] == nil, "\(id)")
                model.learn(id: id)
                walk.remember(id: id)
                return JSONObject.Member(name: member.name, value: .string(ChannelModel.generatedID))
            case ("Next", .string(let cursor)) where !cursor.isEmpty:
                model.learn(cursor: cursor)
                walk.remember(cursor: cursor)
                return JSONObject.Member(name: member.name, value: .string(ChannelModel.someCursor))
            case ("OfficialAccountInfoList", .array(let items)):
                return JSONObject.Member(name: member.name, value: .array(items.map(withoutInfo)))
            default: return member
            }
        }
        return .done(JSONObject(members))
    }

    /// An item without its `ErrorInfo`, which is there and says something where something is wrong.
    private func withoutInfo(_ item: JSONValue) -> JSONValue {
        guard let object = item.object, let info = item["ErrorInfo"]?.text else { return item }
        guard info.isEmpty == (item["ErrorCode"]?.integer == 0) else { return item }
        return .object(JSONObject(object.members.filter { $0.name != "ErrorInfo" }))
    }

    private func text(of answer: ChannelModel.Answer) -> String {
        switch answer {
        case .refused(let code): "\(code)"
        case .done(let payload): JSONValue.object(payload).canonicalText
        }
    }

    private func shortened(_ text: String) -> String {
        text.count > 300 ? text.prefix(300) + "…" : text
    }
}
