import Chat
import ChatProtocol
import HTTPTypes
import Hummingbird
import NIOCore

/// A channel's subscribers as a CSV file (RFC 4180), written page by page while it is read.
///
/// Who subscribes meanwhile is at its end; who stays is in it once.
struct SubscriberFile: Sendable {
    private static let rows = 1000

    private let site: ChannelSite
    private let subscribers: Subscribers
    private let time: Timestamp

    init(_ site: ChannelSite, _ subscribers: Subscribers, at time: Timestamp) {
        (self.site, self.subscribers, self.time) = (site, subscribers, time)
    }

    /// - Throws: what reading the first page throws; what fails later breaks the connection, so that no file looks
    ///   complete that is not.
    func response() async throws(ChatError) -> Response {
        let first = try await page(after: nil)
        let body = ResponseBody { writer in
            var (page, text) = (first, Self.line(Self.columns))
            while true {
                for subscription in page.subscriptions { text += Self.line(Self.cells(of: subscription)) }
                try await writer.write(ByteBuffer(string: text))
                guard let next = page.next else { break }
                (page, text) = (try await self.page(after: next), "")
            }
            try await writer.finish(nil)
        }
        var headers: HTTPFields = [.contentType: "text/csv; charset=utf-8; header=present"]
        headers[.contentDisposition] = #"attachment; filename="\#(name)""#
        return Response(status: .ok, headers: headers, body: body)
    }

    /// With nothing in it that a file system takes otherwise.
    private var name: String {
        let id = site.channel.id.rawValue.dropFirst(ChannelID.prefix.count)
        let plain = id.map { $0.isPlain || $0 == "-" ? $0 : "_" }
        return "subscribers-\(String(plain)).csv"
    }

    private func page(after cursor: SubscriberCursor?) async throws(ChatError) -> SubscriberPage {
        try await subscribers.page(
            of: site.channel.id,
            after: cursor,
            limit: Self.rows,
            of: site.application,
            at: time
        )
    }

    /// The names that the API has for them.
    private static let columns = ["Subscriber_Account", "SubscribeTime", "MsgFlag", "LastSendMsgTime", "CustomString"]

    private static func cells(of subscription: Subscription) -> [String] {
        let lastSent = subscription.lastSentSeconds
        return [
            subscription.user.rawValue, subscription.subscribedAt.iso, subscription.messageFlag.rawValue,
            lastSent == 0 ? "" : Timestamp(milliseconds: lastSent * 1000).iso, subscription.customString,
        ]
    }

    static func line(_ cells: [String]) -> String {
        cells.map(cell).joined(separator: ",") + "\r\n"
    }

    /// What a spreadsheet takes for the beginning of a formula; in East Asia in full width too.
    private static let formulaBeginnings = "=+-@\t\r\n＝＋－＠".unicodeScalars

    /// A cell that no spreadsheet takes for a formula, whatever a user or a backend wrote there.
    private static func cell(_ text: String) -> String {
        var text = text
        if let first = text.unicodeScalars.first, formulaBeginnings.contains(first) { text = "'" + text }
        guard text.unicodeScalars.contains(where: { ",\"\r\n".unicodeScalars.contains($0) }) else { return text }
        return "\"" + text.replacing(byte: UInt8(ascii: "\""), with: "\"\"") + "\""
    }
}
