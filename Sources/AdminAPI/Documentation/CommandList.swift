package import ChatProtocol

/// The commands as `rostrum commands` lists them, for people and for programs.
package struct CommandList: Sendable {
    private let cards: [CommandCard]

    package init(_ cards: [CommandCard]) {
        self.cards = cards
    }

    /// A line for each command: its path, its rate and what it does.
    package var lines: [String] {
        let width = cards.map(\.path.count).max() ?? 0
        return cards.map { card in
            let path = card.path + String(repeating: " ", count: width - card.path.count)
            let rate = String(card.ordinaryRate)
            return "\(path)  \(String(repeating: " ", count: max(0, 4 - rate.count)))\(rate)/s  \(card.summary)"
        }
    }

    package var json: JSONValue {
        .array(cards.map { .object(Self.json($0)) })
    }

    private static func json(_ card: CommandCard) -> JSONObject {
        [
            "path": .string("/v4/" + card.path),
            "name": .string(card.name),
            "summary": .string(card.summary),
            "callsPerSecond": .integer(card.ordinaryRate),
            "documents": .strings(card.documents),
            "own": .bool(card.isOwn),
            "fields": .array(card.fields.map { .object(json($0)) }),
            "reply": .array(card.reply.map { .object(json($0)) }),
            "errors": .array(card.ownCodes.map { .object($0.json) }),
            "webhookErrors": .bool(card.answersWebhookCodes),
            "webhooks": .strings(card.webhooks.map(\.rawValue)),
        ]
    }

    private static func json(_ field: FieldCard) -> JSONObject {
        [
            "name": .string(field.name),
            "aliases": .strings(field.aliases),
            "required": .bool(field.isRequired),
            "insteadOf": field.insteadOf.map(JSONValue.string) ?? .null,
            "rule": .string(field.rule),
            "fields": .array(field.inner.map { .object(json($0)) }),
        ]
    }

    private static func json(_ member: ReplyMember) -> JSONObject {
        [
            "name": .string(member.name),
            "type": .string(member.value.words),
            "always": .bool(member.condition == nil),
            "meaning": .string(member.sentence),
            "members": .array(member.inner.map { .object(json($0)) }),
        ]
    }
}

extension ErrorCode {
    /// The code and what it means.
    var json: JSONObject { ["code": .integer(Int64(rawValue)), "meaning": .string(meaning)] }
}
