/// The four fields that every reply carries, put around the fields of a command's own.
///
/// `ActionStatus` is `OK` or `FAIL`, `ErrorInfo` empty on success; a failure carries no other field.
///
/// Source: spec/conventions.md section 3.
package enum Envelope {
    /// The reply to a call that succeeded.
    ///
    /// - Parameters:
    ///   - payload: the command's own fields.
    ///   - requestID: an identifier of plain ASCII letters, digits and `-`.
    package static func success(_ payload: JSONObject, requestID: String) -> [UInt8] {
        var reply: [UInt8] = []
        reply.reserveCapacity(512)
        reply += #"{"ActionStatus":"OK","ErrorCode":0,"ErrorInfo":"","RequestId":""#.utf8
        reply += requestID.utf8
        reply.append(UInt8(ascii: "\""))
        for member in payload.members {
            reply.append(UInt8(ascii: ","))
            JSONValue.string(member.name).write(to: &reply)
            reply.append(UInt8(ascii: ":"))
            member.value.write(to: &reply)
        }
        reply.append(UInt8(ascii: "}"))
        return reply
    }

    /// The reply to a call that was refused.
    ///
    /// - Parameter requestID: an identifier of plain ASCII letters, digits and `-`.
    package static func failure(_ error: ChatError, requestID: String) -> [UInt8] {
        var reply: [UInt8] = []
        reply.reserveCapacity(256)
        reply += #"{"ActionStatus":"FAIL","ErrorCode":"#.utf8
        reply += String(error.code.rawValue).utf8
        reply += #","ErrorInfo":"#.utf8
        JSONValue.string(error.info).write(to: &reply)
        reply += #","RequestId":""#.utf8
        reply += requestID.utf8
        reply += #""}"#.utf8
        return reply
    }
}
