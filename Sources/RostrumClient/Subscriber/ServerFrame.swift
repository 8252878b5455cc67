import ChatProtocol

/// A text that the server sent: the answer to a request, or a notification (JSON-RPC 2.0).
enum ServerFrame {
    case answer(id: Int64, Result<JSONValue, Refusal>)
    case notification(ServerNotification)

    init(parsing bytes: RawSpan) throws(WireFault) {
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw WireFault("A frame", "is no JSON: \(error.reason) at byte \(error.offset)")
        }
        let frame = try WireObject(value, place: "")
        if let method = try frame.optionalText("method") {
            let params = try frame.inner("params") ?? WireObject(JSONObject())
            self = .notification(try ServerNotification(method: method, params))
            return
        }
        let id = try frame.integer("id")
        if let error = try frame.inner("error") {
            let code = ErrorCode(rawValue: Int(clamping: try error.integer("code")))
            self = .answer(id: id, .failure(Refusal(code: code, info: try error.text("message", or: ""))))
        } else {
            self = .answer(id: id, .success(try frame.value("result")))
        }
    }

    /// The text of a request.
    static func request(id: Int64, _ method: String, _ params: JSONObject) -> [UInt8] {
        ([
            "jsonrpc": .string("2.0"), "id": .integer(id), "method": .string(method), "params": .object(params),
        ] as JSONObject).json
    }
}

/// What the server says unasked.
enum ServerNotification {
    case sequenced(SequencedEvent)
    case deleted(channel: String)
    case subscribed(LiveChannel)
    case unsubscribed(channel: String)
    case lagging([String: ChannelPosition])
    case kicked(KickReason)
    case userSigExpired
    /// One of a newer protocol.
    case unknown

    init(method: String, _ params: WireObject) throws(WireFault) {
        switch method {
        case "onRecvNewMessage":
            self = .sequenced(SequencedEvent(try ChannelMessage(params)))
        case "onRecvMessageRevoked":
            self = .sequenced(SequencedEvent(try MessageRevocation(params)))
        case "onOfficialAccountInfoChanged":
            let channel = try LiveChannel(params)
            self = .sequenced(SequencedEvent(infoChanged: channel, eventSeq: try params.count("EventSeq", from: 1)))
        case "onOfficialAccountDeleted":
            self = .deleted(channel: try params.text("Official_Account"))
        case "onOfficialAccountSubscribed":
            self = .subscribed(try LiveChannel(params))
        case "onOfficialAccountUnsubscribed":
            self = .unsubscribed(channel: try params.text("Official_Account"))
        case "onLagging":
            self = .lagging(try params.members { (position) throws(WireFault) in try ChannelPosition(position) })
        case "onKickedOffline":
            self = .kicked(KickReason(rawValue: try params.text("Reason", or: "kicked")))
        case "onUserSigExpired":
            self = .userSigExpired
        default:
            self = .unknown
        }
    }
}
