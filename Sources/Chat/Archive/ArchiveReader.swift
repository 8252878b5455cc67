import ChatProtocol
import Database

/// Reads an archive line by line, and refuses one that is not in order or not whole.
package struct ArchiveReader: Sendable {
    /// The longest line, in bytes.
    package static let longestLine = 8 << 20

    /// How far it has come.
    package private(set) var position = ArchivePosition()
    package private(set) var header: ArchiveHeader?
    private var accounts = ArchivedNames()
    private var channel: ArchivedChannel?
    private var isAtEnd = false
    /// Whether a line was refused: what is counted is no longer right, and no longer judged.
    private var isDamaged = false

    package init() {}

    /// - Parameter line: without its newline.
    package mutating func read(_ line: [UInt8]) throws(ArchiveFault) -> ArchiveLine {
        let number = position.lines + 1
        do throws(ArchiveProblem) {
            guard line.count <= Self.longestLine else {
                throw ArchiveProblem("it is longer than \(Self.longestLine) bytes")
            }
            let understood = try understand(line, number)
            position.advance(past: understood)
            return understood
        } catch {
            isDamaged = true
            position.advancePastDamage()
            throw ArchiveFault(line: number, error.text)
        }
    }

    /// - Throws: when the last line has not been read.
    package func finish() throws(ArchiveFault) {
        guard isAtEnd || isDamaged else {
            throw ArchiveFault(
                line: 0,
                "it ends after \(position.lines) lines, before the line that says End: it is not whole"
            )
        }
    }

    private mutating func understand(_ line: [UInt8], _ number: Int) throws(ArchiveProblem) -> ArchiveLine {
        guard !isAtEnd else { throw ArchiveProblem("there is a line behind the end") }
        let object = try Self.object(line)
        guard header != nil else {
            guard number == 1 else { throw ArchiveProblem("the first line is no header") }
            let header = try ArchiveHeader(object)
            self.header = header
            return .header(header)
        }
        guard case .string(let kind)? = object["Kind"] else { throw ArchiveProblem("Kind is missing") }
        switch kind {
        case "Application": return .application(try application(object))
        case "End": return try end(object)
        default:
            guard let kind = ArchiveKind.all.first(where: { $0.name == kind }) else {
                throw ArchiveProblem("there is no kind of line \(kind)")
            }
            return .row(try row(object, kind, number))
        }
    }

    private func application(_ object: JSONObject) throws(ArchiveProblem) -> ArchivedApplication {
        guard position.lines == 1 || isDamaged else {
            throw ArchiveProblem("the application has the second line, and no other")
        }
        let application = try ArchivedApplication(object)
        guard (application.secrets != nil) == header?.hasSecrets else {
            throw ArchiveProblem(
                "the header says that secrets are \(application.secrets == nil ? "there" : "not there")"
            )
        }
        return application
    }

    private mutating func row(
        _ object: JSONObject,
        _ kind: ArchiveKind,
        _ number: Int
    ) throws(ArchiveProblem) -> ArchivedRow {
        guard number > 2 else { throw ArchiveProblem("the second line is no Application") }
        var line = ArchiveObject(object)
        var owner: ChannelID?
        if kind.isOfChannel {
            guard case .string(let text)? = line.optional("ChannelID"), let id = ChannelID(rawValue: text) else {
                throw ArchiveProblem("ChannelID must be an ID of a channel")
            }
            owner = id
        }
        var values: [SQLValue] = []
        for member in kind.members { values.append(try member.value(of: line.optional(member.name))) }
        try line.demandNoMore()
        let row = ArchivedRow(kind: kind, channel: owner, values: values, line: number)
        if !isDamaged { try demandOrder(of: row) }
        return row
    }

    /// Refuses a row that does not follow the one before, and counts it.
    private mutating func demandOrder(of row: ArchivedRow) throws(ArchiveProblem) {
        guard position.last.precedes(row) else {
            throw ArchiveProblem("it does not follow the line before: lines are in order, and each is there once")
        }
        guard row.kind.isOfChannel else {
            if row.kind.name == ArchiveKind.account.name, case .text(let user) = row.key { accounts.append(user) }
            guard row.kind.name == ArchiveKind.channel.name else { return }
            try demandWholeChannel()
            channel = try ArchivedChannel(row)
            return
        }
        guard var open = channel, open.id == row.channel else {
            throw ArchiveProblem("it is of a channel whose line does not stand before it")
        }
        if row.kind.name == ArchiveKind.subscription.name {
            try open.takeSubscription(row, of: accounts)
        } else {
            try open.takeBroadcast(row)
        }
        channel = open
    }

    private func demandWholeChannel() throws(ArchiveProblem) {
        guard let channel, !isDamaged else { return }
        try channel.demandWhole()
    }

    private mutating func end(_ object: JSONObject) throws(ArchiveProblem) -> ArchiveLine {
        guard position.lines >= 2 else { throw ArchiveProblem("the second line is no Application") }
        var line = ArchiveObject(object)
        let lines = try line.integer("Lines", in: 0...Int64.max)
        try line.demandNoMore()
        try demandWholeChannel()
        guard lines == position.lines || isDamaged else {
            throw ArchiveProblem("there are \(position.lines) lines before it, and it says \(lines)")
        }
        isAtEnd = true
        return .end
    }

    private static func object(_ line: [UInt8]) throws(ArchiveProblem) -> JSONObject {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: line)
        } catch {
            throw ArchiveProblem("it is no JSON: \(error.reason) after \(error.offset) bytes")
        }
        guard case .object(let object) = value else {
            throw ArchiveProblem("it is \(value.kind); it must be an object")
        }
        return object
    }
}
