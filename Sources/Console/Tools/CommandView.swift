import AdminAPI
import Chat
import ChatProtocol

/// A command as the explorer shows it.
struct CommandView: Sendable {
    struct Field: Sendable {
        /// With the names of those that it stands in.
        let place: String
        let isRequired: Bool
        let rule: String
    }

    struct Document: Sendable {
        let number: String
        let url: String
    }

    let commandName: String
    let commandPath: String
    let about: String
    let isChanging: Bool
    /// Whether this operator may run it.
    let isAllowed: Bool
    let body: String
    let curlHead: String
    let curl: String
    let fields: [Field]
    let documents: [Document]
    let codes: [CodeView]
    let reply: ReplyView?

    init(_ card: CommandCard, body: String, reply: ReplyView?, of application: Chat.Application, _ visit: Visit) {
        (commandName, commandPath, about) = (card.name, "/v4/" + card.path, card.summary)
        isChanging = card.changes
        isAllowed = !card.changes || visit.who.role >= .operator
        (self.body, self.reply) = (body, reply)
        curlHead = Self.curlHead(commandPath, application, visit)
        curl = "\(curlHead)\(Self.quoted(body))"
        fields = Self.fields(card.fields, inside: "")
        documents = card.documentLinks.map { Document(number: $0.number, url: $0.url) }
        codes = card.ownCodes.map { CodeView($0, visit.texts) }
    }

    private static func fields(_ cards: [FieldCard], inside place: String) -> [Field] {
        cards.flatMap { card -> [Field] in
            let name = place + card.name
            let field = Field(
                place: name,
                isRequired: card.isRequired && card.insteadOf == nil,
                rule: card.sentence
            )
            return [field] + fields(card.inner, inside: "\(name)\(card.isList ? "[]" : "").")
        }
    }

    /// The line up to the body; the caller's token is his to put in.
    private static func curlHead(_ path: String, _ application: Chat.Application, _ visit: Visit) -> String {
        let admin = Visit.administrator(of: application)?.rawValue ?? "ADMIN"
        // Only the emulator is sure to have its console where its API is.
        let server =
            visit.services.emulator == nil
            ? "https://YOUR-SERVER" : "\(visit.isSecure ? "https" : "http")://\(visit.host)"
        let query = [
            "sdkappid=\(application.id)", "identifier=\(admin.percentEncoded)", "usersig=USERSIG", "random=99999999",
            "contenttype=json",
        ].joined(separator: "&")
        return "curl -X POST \(quoted("\(server)\(path)?\(query)")) \\\n  -d "
    }

    /// As one word of a shell's line.
    private static func quoted(_ text: String) -> String {
        "'" + text.replacing(byte: UInt8(ascii: "'"), with: #"'\''"#) + "'"
    }
}

/// What a command answered.
struct ReplyView: Sendable {
    let code: CodeView
    /// How long it took, in milliseconds.
    let milliseconds: String
    let text: String
    /// Whether only the beginning is shown.
    let isCut: Bool

    /// How much of a reply is shown, in bytes: subscribers' own texts may be megabytes.
    private static let longest = 16_384

    init(_ reply: CommandReply, took duration: Duration, _ texts: Texts) {
        code = CodeView(reply.code, texts)
        let tenths =
            (duration.components.attoseconds / 100_000_000_000_000)
            + duration.components.seconds * 10_000
        milliseconds = "\(tenths / 10).\(tenths % 10)"
        isCut = reply.bytes.count > Self.longest
        text = PrettyJSON.text(Array(reply.bytes.prefix(Self.longest)))
    }
}
