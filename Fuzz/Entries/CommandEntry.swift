import AdminAPI
import ChatProtocol

extension Entry {
    /// The body of a command, whose name is the first line; what names none is a body of one of them.
    static func command(in world: World) -> Entry {
        Entry(
            "command",
            waiting: { bytes async throws(Objection) in
                let (command, body) = world.catalogue.commandAndBody(bytes)
                let reply = await command.reply(to: body, for: world.adminsCall, seenBy: nil)
                try judge(reply, of: command.card)
                guard let value = try? JSONValue(parsing: body) else {
                    return try demand(reply.code == .bodyNotJSON, "what is no JSON is answered \(reply.code)")
                }
                let again = await command.reply(
                    to: Array(value.indentedText.utf8),
                    for: world.adminsCall,
                    seenBy: nil
                )
                try demand(
                    again.code == reply.code,
                    "spelt otherwise, the body is answered \(again.code), not \(reply.code)"
                )
            }
        )
    }

    private static func judge(_ reply: CommandReply, of card: CommandCard) throws(Objection) {
        let text = reply.bytes.text
        guard case .object(let object)? = try? JSONValue(parsing: reply.bytes) else {
            throw Objection("the reply is no JSON object: \(text)")
        }
        let isOK = reply.code == .ok
        try demand(
            object["ActionStatus"] == .string(isOK ? "OK" : "FAIL")
                && object["ErrorCode"] == .integer(Int64(reply.code.rawValue))
                && object["RequestId"] != nil,
            "the envelope is wrong: \(text)"
        )
        switch object["ErrorInfo"] {
        case .string(let info): try demand(info.isEmpty == isOK, "the reply does not say why: \(text)")
        default: throw Objection("the reply has no ErrorInfo: \(text)")
        }
        try demand(reply.code != card.codes.internalFault, "\(card.name) met a fault of the server: \(text)")
        let known = card.ownCodes + CodeFamily.common + [.ok]
        try demand(known.contains(reply.code), "\(card.name) does not document \(reply.code): \(text)")
        let names = card.reply.filter { $0.condition == nil }.map(\.name)
        for name in isOK ? names : [] { try demand(object[name] != nil, "the reply is without \(name): \(text)") }
    }
}

extension Catalogue {
    fileprivate func commandAndBody(_ bytes: [UInt8]) -> (any Command, [UInt8]) {
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        let name = String(decoding: line, as: UTF8.self)
        if let command = commands.first(where: { $0.card.name == name }) {
            return (command, Array(bytes.dropFirst(line.count + 1)))
        }
        return (commands[bytes.reduce(0) { $0 + Int($1) } % commands.count], bytes)
    }
}
