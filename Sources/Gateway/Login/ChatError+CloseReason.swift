package import ChatProtocol

extension ChatError {
    /// The longest reason of a close, in bytes (RFC 6455 section 5.5).
    package static let longestCloseReason = 123

    /// The envelope as the reason of a close, with as much of its `ErrorInfo` as there is room for.
    package var closeReason: String {
        var info = info
        while true {
            let envelope: JSONObject = [
                "ActionStatus": .string("FAIL"),
                "ErrorCode": .integer(Int64(code.rawValue)),
                "ErrorInfo": .string(info),
            ]
            let json = envelope.json
            if json.count <= Self.longestCloseReason || info.isEmpty { return String(decoding: json, as: UTF8.self) }
            info.removeLast()
        }
    }
}
