import ChatProtocol

/// What a card tells of a command, as tables in Markdown.
enum CommandTables {
    static func fields(of card: CommandCard, under introduction: String) -> String {
        table(introduction, "| field | required | rule |", rows(card.fields, inside: ""))
    }

    static func reply(of card: CommandCard, under introduction: String) -> String {
        table(introduction, "| member | type | tells |", rows(card.reply, inside: ""))
    }

    /// The codes of the command and of its family.
    static func codes(of card: CommandCard, under introduction: String) -> String {
        var codes = card.ownCodes.map(row)
        if card.answersWebhookCodes {
            let range = ErrorCode.webhookCodes
            codes.append("| \(range.lowerBound)–\(range.upperBound) | Defined by the application's own backend |")
        }
        return table(introduction, "| code | means |", codes)
    }

    static func row(_ code: ErrorCode) -> String {
        "| \(code.rawValue) | \(code.meaning) |"
    }

    /// Links to the pages of the hosted service's documentation.
    static func documents(of card: CommandCard) -> String {
        card.documentLinks.map { "[\($0.number)](\($0.url))" }.joined(separator: ", ")
    }

    static func table(_ introduction: String, _ head: String, _ rows: [String]) -> String {
        let columns = head.split(separator: "|").count
        let rule = "|" + String(repeating: "---|", count: columns)
        return introduction + "\n\n" + ([head, rule] + rows).joined(separator: "\n")
    }

    private static func rows(_ fields: [FieldCard], inside place: String) -> [String] {
        fields.flatMap { field -> [String] in
            let required =
                switch (field.isRequired, field.insteadOf) {
                case (true, nil): "yes"
                case (true, .some(let other)): "without `\(other)`"
                case (false, _): "no"
                }
            let row = "| `\(place)\(field.name)` | \(required) | \(field.sentence) |"
            return [row] + rows(field.inner, inside: "\(place)\(field.name)\(field.isList ? "[]" : "").")
        }
    }

    private static func rows(_ members: [ReplyMember], inside place: String) -> [String] {
        members.flatMap { member -> [String] in
            let row = "| `\(place)\(member.name)` | \(member.value.words) | \(member.sentence) |"
            return [row] + rows(member.inner, inside: "\(place)\(member.name)\(member.value.isList ? "[]" : "").")
        }
    }
}

extension ReplyMember.Value {
    fileprivate var isList: Bool {
        if case .list = self { true } else { false }
    }
}
