import ChatProtocol
import RostrumTesting
import Testing

/// Bodies that nobody would send in good faith.
@Suite struct MessageFuzzTests {
    @Test("no body traps, and what is accepted is kept byte for byte", arguments: [1, 2, 3, 4] as [UInt64])
    func bodies(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let samples = try ElementSample.all.map { $0.element(try $0.contentObject()) }
        var accepted = 0
        for _ in 0..<5000 {
            let elements = (0..<1 + random.below(3)).map { _ in
                random.below(20) == 0 ? random.value() : spoilt(samples[random.below(samples.count)], &random)
            }
            guard let body = try? MessageBody(elements) else { continue }
            accepted += 1
            let text = JSONValue.array(elements).text
            if body.json != Array(text.utf8) || body.elements != elements || MessageBody(stored: body.json) != body {
                Issue.record("seed \(seed): not kept: \(text)")
            }
        }
        #expect((500...4500).contains(accepted))
    }

    @Test("no push information traps, and what is accepted is kept byte for byte", arguments: [5, 6] as [UInt64])
    func pushInfos(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let sample = try JSONValue(text: #"{"PushFlag":1,"Title":"t","Desc":"d","Ext":"{}","ApnsInfo":{"Title":"t"}}"#)
        var accepted = 0
        for _ in 0..<2000 {
            guard case .object(let object) = spoilt(sample, &random) else { continue }
            guard let info = try? OfflinePushInfo(object) else { continue }
            accepted += 1
            if info.json != Array(JSONValue.object(object).text.utf8) {
                Issue.record("seed \(seed): not kept: \(JSONValue.object(object).text)")
            }
        }
        #expect((200...1900).contains(accepted))
    }

    @Test("no value stored traps", arguments: [7] as [UInt64])
    func stored(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<5000 {
            let text = random.spoiledDocument()
            let body = MessageBody(stored: text)
            #expect(body == nil || body?.json == text)
            _ = MessageKey(rawValue: String(decoding: text, as: UTF8.self))
        }
    }

    /// The value with a few of its members or items gone, doubled, renamed or replaced, at any depth.
    private func spoilt(_ value: JSONValue, _ random: inout SeededGenerator) -> JSONValue {
        if random.below(40) == 0 { return random.value() }
        switch value {
        case .null, .bool, .number, .string: return value
        case .array(let items):
            return .array(
                items.flatMap { item -> [JSONValue] in
                    switch random.below(30) {
                    case 0: []
                    case 1: [item, random.value()]
                    default: [spoilt(item, &random)]
                    }
                }
            )
        case .object(let object):
            return .object(
                JSONObject(
                    object.members.flatMap { member -> [JSONObject.Member] in
                        switch random.below(40) {
                        case 0: []
                        case 1: [member, .init(name: "Extra\(member.name)", value: random.value())]
                        case 2: [.init(name: member.name.lowercased(), value: member.value)]
                        default: [.init(name: member.name, value: spoilt(member.value, &random))]
                        }
                    }
                )
            )
        }
    }
}

extension SeededGenerator {
    /// Any value, as the reader makes it.
    fileprivate mutating func value() -> JSONValue {
        (try? JSONValue(parsing: document())) ?? .null
    }
}
