/// How a message is to be pushed to devices that are not connected, kept as it was received.
///
/// What concerns the vendors of phones is their business: only the members that the server itself reads are judged.
///
/// Source: spec/messages.md section 3.
package struct OfflinePushInfo: Sendable, Equatable {
    /// False when `PushFlag` is 1.
    package let allowsPush: Bool
    /// The object as JSON without white space.
    package let json: [UInt8]

    static let rules = [
        MemberRule("PushFlag", .integer([0, 1]), .optional),
        MemberRule("Title", .string, .optional),
        MemberRule("Desc", .string, .optional),
        MemberRule("Ext", .string, .optional),
    ]

    package init(_ object: JSONObject) throws(MessageFault) {
        do throws(MessageFault) {
            try Self.rules.check(object)
        } catch {
            throw error.inside("OfflinePushInfo")
        }
        if case .number(let flag) = object["PushFlag"] {
            allowsPush = flag.int64 == 0
        } else {
            allowsPush = true
        }
        var json: [UInt8] = []
        JSONValue.object(object).write(to: &json)
        self.json = json
    }
}
