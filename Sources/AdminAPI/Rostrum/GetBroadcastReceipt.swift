import Chat
import ChatProtocol

/// Getting a Broadcast's Receipt: Rostrum's own (design section 4).
struct GetBroadcastReceipt: Command {
    static let key = MessageKeyField("MsgKey", required: true)

    static let card = CommandCard(
        path: "rostrum_svc/get_broadcast_receipt",
        summary: "Tells how many got a broadcast live, how many read it, and how long the last one waited.",
        documents: [],
        changes: false,
        sample: #"{"Official_Account":"@TOA#_harbour_news","MsgKey":"1_1_1767229200"}"#,
        fields: [ChannelFields.channel, key],
        codes: .officialAccount,
        errors: [.channelNotFound, .channelIDInvalid, .messageNotFound],
        reply: [
            ReplyMember("Official_Account", .string, "The channel's ID."),
            ReplyMember("MsgKey", .string, "The broadcast's key."),
            ReplyMember("MsgSeq", .integer, "Its number in the channel."),
            ReplyMember("MsgTime", .integer, "When it was sent, in Unix seconds."),
            ReplyMember("OnlineNum", .integer, "Subscribers' connections that were there when it was sent."),
            ReplyMember("WrittenNum", .integer, "Connections to which it was written."),
            ReplyMember("LaggingNum", .integer, "Connections that read too slowly and were told to resume instead."),
            ReplyMember("ReadNum", .integer, "Subscribers who have marked it, or one after it, as read."),
            ReplyMember(
                "LastWriteMs",
                .integer,
                "Milliseconds from its commit to the last write.",
                only: "when it was written to a connection"
            ),
        ]
    )

    let receipts: BroadcastReceipts

    func answer(_ body: RequestBody, _ call: Call) async throws(ChatError) -> JSONObject {
        let channel = try body.required(ChannelFields.channel)
        let key = try body.required(Self.key)
        let receipt = try await receipts.find(key, in: channel, of: call.application, at: call.time)
        var members: [JSONObject.Member] = [
            .init(name: "Official_Account", value: .channel(channel)),
            .init(name: "MsgKey", value: .string(key.rawValue)),
            .init(name: "MsgSeq", value: .integer(key.seq)),
            .init(name: "MsgTime", value: .integer(key.seconds)),
            .init(name: "OnlineNum", value: .integer(receipt.online)),
            .init(name: "WrittenNum", value: .integer(receipt.written)),
            .init(name: "LaggingNum", value: .integer(receipt.lagging)),
            .init(name: "ReadNum", value: .integer(receipt.read)),
        ]
        if let last = receipt.lastWriteMilliseconds {
            members.append(.init(name: "LastWriteMs", value: .integer(last)))
        }
        return JSONObject(members)
    }
}
