import AdminAPI
import ChatProtocol
import RostrumTesting
import Testing

/// 2,000 random bodies to every command: each is answered, with a complete envelope and a code of the command's own.
@Suite struct BodyFuzzTests {
    @Test("random bodies never crash and always give a complete envelope", arguments: CommandExample.all)
    func randomBodies(example: CommandExample) async throws {
        try await StorageEngine.sqlite.withAPI { api in
            try await api.prepare()
            let card = try #require(api.card(example.command))
            let family = [card.codes.invalidParameter, card.codes.bodyNotObject, card.codes.internalFault]
            let known = DocumentedCode.common.union(card.errors).union(family).union([.ok, .channelServiceDisabled])
            var bodies = RandomBodies(seed: 20_260_101, fields: card.fields, example: example.body)
            var codes: Set<ErrorCode> = []

            for number in 0..<2000 {
                let body = bodies.next()
                // Parsing the reply throws unless it is complete.
                let reply = try await api.call(example.command, sending: .complete(body))
                codes.insert(reply.code)
                if !known.contains(reply.code) || reply.code == card.codes.internalFault {
                    let text = String(decoding: body, as: UTF8.self)
                    Issue.record("body \(number), \(text), gives \(reply.code.rawValue): \(reply.info)")
                }
            }

            // The generator reaches past the parser and past the field checks.
            #expect(codes.isSuperset(of: [.bodyNotJSON, card.codes.invalidParameter]), "\(codes)")
            #expect(codes.contains(.ok) || !codes.isDisjoint(with: card.errors), "\(codes)")
        }
    }
}

/// JSON-ish texts around the fields of a command.
struct RandomBodies {
    private var dice: SeededGenerator
    private let names: [String]
    private let example: [UInt8]

    init(seed: UInt64, fields: [FieldCard], example: String) {
        dice = SeededGenerator(seed: seed)
        let inner = ["UserID", "Official_Account", "OfficialAccountBaseInfoFilter", "Nick", "Nobody_Knows", ""]
        names = fields.flatMap { [$0.name] + $0.aliases } + inner
        self.example = Array(example.utf8)
    }

    mutating func next() -> [UInt8] {
        var bytes = dice.below(8) == 0 ? example : Array(object(0).utf8)
        // One in four is spoiled somewhere.
        if dice.below(4) == 0 {
            for _ in 0...dice.below(3) { spoil(&bytes) }
        }
        return bytes
    }

    private mutating func spoil(_ bytes: inout [UInt8]) {
        let position = dice.below(bytes.count + 1)
        switch dice.below(4) {
        case 0: bytes.removeSubrange(position...)
        case 1 where position < bytes.count: bytes[position] = UInt8(truncatingIfNeeded: dice.next())
        case 2: bytes.insert(UInt8(truncatingIfNeeded: dice.next()), at: position)
        default: bytes.insert(contentsOf: bytes.prefix(position), at: position)
        }
    }

    private mutating func object(_ level: Int) -> String {
        let members = (0..<dice.below(6)).map { _ in "\"\(dice.one(of: names))\":\(value(level + 1))" }
        return "{" + members.joined(separator: ",") + "}"
    }

    private mutating func value(_ level: Int) -> String {
        switch dice.below(level < 4 ? 10 : 6) {
        case 0: dice.one(of: ["null", "true", "false"])
        case 1: dice.one(of: ["0", "1", "-1", "34.0", "1e400", "9223372036854775808", "1.5", "-0", "2e1"])
        case 2, 3, 4, 5: "\"\(text())\""
        case 6, 7, 8:
            "[" + (0..<dice.below(dice.below(20) == 0 ? 120 : 4)).map { _ in value(level + 1) }.joined(separator: ",")
                + "]"
        default: object(level)
        }
    }

    private mutating func text() -> String {
        let texts = [
            "anna", "administrator", "bella", "@TOA#_news", "@TOA#_harbour", "@TOA#_@TOA#abcd", "@TOA#_", "Name",
            "CreateTime", "", "a", #"\u0000"#, #"\ud83d\ude00"#, #"\ud800"#, #"\""#, "é", "'; DROP TABLE accounts; --",
            String(repeating: "x", count: 33), String(repeating: "港", count: 200), String(repeating: "y", count: 3001),
        ]
        return dice.one(of: texts)
    }
}
